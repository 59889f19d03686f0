// SPDX-License-Identifier: Apache-2.0
// refresh_nearest: after any change the table that mine_nearest writes.
#include <coupleface/mining/refresh.hpp>

#include "../support/brute_force.hpp"
#include "../support/scratch_ceiling.hpp"

#include <coupleface/mining/nearest.hpp>

namespace {

using namespace coupleface_test;
using coupleface::mine_nearest;
using coupleface::refresh_nearest;
using list = std::vector<std::int32_t>;
namespace engine = coupleface::detail;

list const no_rows;

/// Two sets of rows (or one, on both sides) with a table, renewed after every change and compared
/// with one that is mined anew.
template <class T, class V, class Relation = coupleface::cosine,
          class Keep = coupleface::other_rows>
class kept_table {
 public:
  matrix<T> queries, candidates;

  kept_table(matrix<T> const& rows, index_t slots, Relation relation = {}, Keep keep = {})
      : kept_table(rows, matrix<T>(0, rows.columns()), slots, relation, keep) {
    same_ = true;
  }
  kept_table(matrix<T> const& query_rows, matrix<T> const& candidate_rows, index_t slots,
             Relation relation = {}, Keep keep = {})
      : queries(query_rows),
        candidates(candidate_rows),
        table_(query_rows.rows(), slots),
        relation_(relation),
        keep_(keep) {}

  void mine() { mine_into(table_); }

  /// Returns how many queries were searched anew.
  index_t refresh(list const& changed_queries, list const& changed_candidates) {
    index_t const searched = refresh_nearest(
        policy(), queries.view(), right(), view_of(changed_queries), view_of(changed_candidates),
        table_.values.view(), table_.indices.view(), relation_, keep_);
    expect_mined();
    return searched;
  }

  void expect_mined() {
    mined_table<V> fresh(queries.rows(), table_.values.columns());
    mine_into(fresh);
    EXPECT_TRUE(table_.same_bits(fresh));
  }

 private:
  coupleface::matrix_view<T> right() { return same_ ? queries.view() : candidates.view(); }
  void mine_into(mined_table<V>& table) {
    mine_nearest(policy(), queries.view(), right(), table.values.view(), table.indices.view(),
                 relation_, keep_);
  }

  mined_table<V> table_;
  Relation relation_;
  Keep keep_;
  bool same_ = false;
};

/// Other elements in some rows: of a row of `from`, times `scale`.
template <class T>
void set_rows(matrix<T>& x, list const& rows, matrix<T> const& from, double scale = 1) {
  for (index_t const i : rows) {
    for (index_t j = 0; j < x.columns(); ++j) { x.set(i, j, scale * from.at(i, j)); }
  }
}

TEST(refresh_nearest, hand_computed) {
  // Angles with growing gaps; row 129 moves from beside 0 to beside 64.
  matrix<double> x(130, 2);
  auto const turn = [&](index_t i, double angle) {
    x.set(i, 0, std::cos(angle));
    x.set(i, 1, std::sin(angle));
  };
  for (index_t i = 0; i < 129; ++i) { turn(i, 0.01 * double(i) + 1e-5 * double(i * i)); }
  turn(129, 0.001);
  mined_table<double> table(130, 2);
  mine_nearest(policy(), x.view(), x.view(), table.values.view(), table.indices.view());
  EXPECT_EQ(table.row(0), (std::vector<index_t>{129, 1}));
  EXPECT_EQ(table.row(64).size(), 2u);
  turn(129, 0.64 + 1e-5 * 64 * 64 + 0.001);
  index_t const searched =
      refresh_nearest(policy(), x.view(), x.view(), view_of(list{129}), view_of(no_rows),
                      table.values.view(), table.indices.view());
  EXPECT_EQ(table.row(0), (std::vector<index_t>{1, 2}));
  EXPECT_EQ(table.row(64), (std::vector<index_t>{129, 63}));
  EXPECT_EQ(table.row(129), (std::vector<index_t>{64, 65}));
  EXPECT_NEAR(table.values.get(64, 0), std::cos(0.001), 1e-15);
  EXPECT_EQ(searched, 3);  // itself, and what had it in its list: 0 and 1
}

TEST(refresh_nearest, nothing_changed_and_everything) {
  auto const x = random_matrix<float>(200, 12, 1);
  kept_table<float, float> rows(x, 9);
  rows.mine();
  EXPECT_EQ(rows.refresh(no_rows, no_rows), 0);
  set_rows(rows.queries, {3, 4, 150}, random_matrix<float>(200, 12, 2));
  index_t const searched = rows.refresh(no_rows, {3, 4, 150});
  EXPECT_TRUE(3 < searched && searched < 60) << searched;
  list all(200);
  for (std::size_t i = 0; i < all.size(); ++i) { all[i] = std::int32_t(i); }
  set_rows(rows.queries, all, random_matrix<float>(200, 12, 3));
  EXPECT_EQ(rows.refresh(all, all), 200);
}

template <class V, class Relation = coupleface::cosine, class Keep = coupleface::other_rows,
          class T>
void expect_exact_after_changes(matrix<T> const& q, matrix<T> const& c, index_t slots,
                                Relation relation = {}, Keep keep = {}) {
  kept_table<T, V, Relation, Keep> one(q, slots, relation, keep), two(q, c, slots, relation, keep);
  one.mine();
  two.mine();
  std::mt19937 generator(7);
  auto const some = [&](index_t size, unsigned count) {
    list ids;
    for (unsigned k = 0; k < count; ++k) {
      ids.push_back(std::int32_t(generator() % unsigned(size)));
    }
    return ids;
  };
  for (unsigned round = 0; round < (ids_are_checked ? 6u : 3u); ++round) {
    list const mine = some(q.rows(), 1 + round / 2), theirs = some(c.rows(), 1 + round % 3);
    auto const next_q = rows_with_everything<T>(q.rows(), q.columns(), 50 + round),
               next_c = rows_with_everything<T>(c.rows(), c.columns(), 70 + round);
    // Anew, a little, or back to what they were: ties with rows that equal them.
    if (round % 3 == 0) {
      set_rows(one.queries, mine, next_q);
      set_rows(two.queries, mine, next_q);
      set_rows(two.candidates, theirs, next_c);
    } else if (round % 3 == 1) {
      set_rows(one.queries, mine, one.queries, 1.0 + 1e-3);
      set_rows(two.candidates, theirs, two.candidates, 0.5);
    } else {
      set_rows(one.queries, mine, q);
      set_rows(two.queries, mine, q);
      set_rows(two.candidates, theirs, c);
    }
    one.refresh(mine, round % 2 ? no_rows : mine);
    two.refresh(round % 3 == 1 ? no_rows : mine, theirs);
  }
}

TEST(refresh_nearest, every_relation) {
  auto const q = rows_with_everything<float>(66, 7, 3), c = rows_with_everything<float>(130, 7, 4);
  expect_exact_after_changes<float>(q, c, 4);
  expect_exact_after_changes<float>(q, c, 9, coupleface::negative_squared_distance{},
                                    one_in_three{});
}

#if !COUPLEFACE_HAS_KERNELS  // more of the same, for which an emulated device takes minutes
TEST(refresh_nearest, every_shape_and_type) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    if (n == 0 || m == 0) { continue; }
    auto const q = rows_with_everything<float>(n, d, 1), c = rows_with_everything<float>(m, d, 2);
    expect_exact_after_changes<float>(q, c, k);
    expect_exact_after_changes<double>(q, c, k, coupleface::inner_product{});
  }
  auto const q = rows_with_everything<float>(190, 7, 3), c = rows_with_everything<float>(260, 7, 4);
  for (index_t const k : {1, 4, 30, 300}) { expect_exact_after_changes<float>(q, c, k); }
  expect_exact_after_changes<double>(q, c, 200, taxicab{}, coupleface::every_row{});
  expect_exact_after_changes<float>(rows_with_everything<coupleface::float16>(140, 9, 5),
                                    rows_with_everything<coupleface::float16>(150, 9, 6), 8);
  expect_exact_after_changes<double>(rows_with_everything<double>(140, 9, 7),
                                     rows_with_everything<double>(150, 9, 8), 8);
}
#endif

TEST(refresh_nearest, lists_that_are_not_full) {
  // More slots than the labels leave candidates: every list holds them all.
  index_t const n = 256;
  std::vector<double> classes;
  for (index_t i = 0; i < n; ++i) { classes.push_back(double(i % 8 == 0 ? i / 64 : 9)); }
  matrix<std::int32_t> const labels(1, n, classes);
  auto const keep = coupleface::other_labels(labels.vector(), labels.vector());
  kept_table<float, float, coupleface::cosine, decltype(keep)> rows(random_matrix<float>(n, 6, 1),
                                                                    250, {}, keep);
  rows.mine();
  set_rows(rows.queries, {8, 9}, random_matrix<float>(n, 6, 2));
  EXPECT_EQ(rows.refresh({8, 9}, no_rows), 2);
}

TEST(refresh_nearest, more_changed_candidates_than_are_offered) {
  // All of them become the first query's nearest.
  index_t const m = 64 * (engine::most_offered + 4);
  kept_table<float, float> rows(random_matrix<float>(90, 8, 1), random_matrix<float>(m, 8, 2), 30);
  rows.mine();
  list changed;
  for (index_t k = 0; k < engine::most_offered + 4; ++k) {
    changed.push_back(std::int32_t(m - 1 - 3 * k));
    for (index_t j = 0; j < 8; ++j) {
      rows.candidates.set(changed.back(), j,
                          rows.queries.at(0, j) + 1e-3 * double(k) * rows.queries.at(1, j));
    }
  }
  EXPECT_GE(rows.refresh(no_rows, changed), 1);
}

TEST(refresh_nearest, queries_are_searched_by_blocks) {
  auto x = random_matrix<float>(400, 5, 1), y = random_matrix<float>(300, 5, 2);
  mined_table<float> table(400, 6), fresh(400, 6);
  auto const mine = [&](mined_table<float>& result) {
    mine_nearest(policy(), x.view(), y.view(), result.values.view(), result.indices.view(),
                 coupleface::cosine{}, coupleface::every_row{});
  };
  mine(table);
  std::vector<index_t> changed;
  for (index_t i = 0; i < 37; ++i) { changed.push_back(11 * i % 400); }
  std::sort(changed.begin(), changed.end());
  for (index_t const i : changed) { x.set(i, 2, 3); }
  index_t const searched = engine::refresh_nearest(
      policy(), std::as_const(x).view(), std::as_const(y).view(), changed, {}, table.values.view(),
      table.indices.view(), coupleface::cosine{}, coupleface::every_row{}, 8 * (6 * 8 + 5 * 4));
  EXPECT_EQ(searched, 37);
  mine(fresh);
  EXPECT_TRUE(table.same_bits(fresh));
}

TEST(refresh_nearest, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(70, 8, 16), narrow = random_matrix<float>(70, 7, 16);
  mined_table<float> table(70, 2), few(5, 2);
  auto const refresh = [&](auto const& rows, list const& q, list const& c, auto& result) {
    refresh_nearest(policy(), x.view(), rows.view(), view_of(q), view_of(c), result.values.view(),
                    result.indices.view());
  };
  expect_refused(
      [&] { refresh(narrow, {1}, {1}, table); },
      "coupleface::refresh_nearest: width of candidates is 7, but width of queries is 8");
  expect_refused([&] { refresh(x, {1}, {1}, few); },
                 "coupleface::refresh_nearest: rows of values is 5, but rows of queries is 70");
  expect_refused(
      [&] {
        refresh(x, {0, 70}, {1}, table);
      },
      "coupleface::refresh_nearest: changed_queries(1) is 70, but queries has 70 rows");
  expect_refused([&] { refresh(x, {0}, {-1}, table); },
                 "coupleface::refresh_nearest: changed_candidates(0) is -1, but candidates has 70 "
                 "rows");
  if (ids_are_checked) {
    expect_refused([&] { refresh(x, {0}, {1}, table); },
                   "coupleface::refresh_nearest: indices(0, 0) is -77, outside [-1, 70)");
  }
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(refresh_nearest, same_bits_for_every_policy_within_the_documented_scratch) {
  auto x = rows_with_everything<float>(700, 12, 17);
  mined_table<float> a(700, 10), b(700, 10);
  mine_nearest(policy(), x.view(), x.view(), a.values.view(), a.indices.view());
  mine_nearest(policy(), x.view(), x.view(), b.values.view(), b.indices.view());
  list const changed{5, 400, 5, 13};
  set_rows(x, changed, random_matrix<float>(700, 12, 18));
  allocation_count count;
  counting_allocator allocator(count);
  index_t const first = refresh_nearest(policy(), x.view(), x.view(), view_of(changed),
                                        view_of(changed), a.values.view(), a.indices.view());
  index_t const second =
      refresh_nearest(thrust::seq(allocator), x.view(), x.view(), view_of(changed),
                      view_of(changed), b.values.view(), b.indices.view());
  EXPECT_EQ(first, second);
  EXPECT_TRUE(a.same_bits(b));
  // mine_nearest's, 9 bytes a row, a table that may have 32 MiB but needs less, the changed rows.
  std::size_t const table = 700 * 10 * 8, changed_rows = 3 * 12 * sizeof(float);
  expect_scratch_within(count, scratch_of_nearest(x, x, 10) + 9 * 700 + table + changed_rows);
}
#endif

}  // namespace
