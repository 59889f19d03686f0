// SPDX-License-Identifier: Apache-2.0
// The exact search by every screen, against every pair: around panels, parts and blocks, and
// wherever a screen could mislead it.
#include <coupleface/detail/mining/gap.hpp>
#include <coupleface/detail/search/pair_search.hpp>
#include <coupleface/mining/gap.hpp>
#include <coupleface/keep.hpp>

#include "../support/kernel_sets.hpp"
#include "../support/pair_search.hpp"

namespace {

using namespace coupleface_test;
using coupleface::cosine;
using coupleface::every_row;
using coupleface::inner_product;
using coupleface::negative_squared_distance;
using coupleface::other_labels;
using coupleface::other_rows;

TEST(pair_search, rows_around_panels_and_parts) {
  for (index_t const n : {1, 2, 13, 14, 15, 31, 32, 33, 63, 65, 223, 224, 225, 447, 449}) {
    auto const x = random_matrix<float>(n, 1 + n % 9, unsigned(n));
    expect_by_cosine(x, x, 1);
    expect_by_cosine(x, x, 6, every_row{});
  }
  for (auto const& [n, m] : {std::pair<index_t, index_t>{1, 450},
                             {450, 1},
                             {13, 33},
                             {14, 32},
                             {225, 31},
                             {226, 449},
                             {3600, 20}}) {
    auto const queries = random_matrix<float>(n, 7, unsigned(n), 3);
    auto const candidates = random_matrix<float>(m, 7, unsigned(m) + 1, 2);
    expect_by_cosine(queries, candidates, 5, every_row{});
  }
}

TEST(pair_search, rows_around_blocks) {
  for (index_t const n : {3583, 3584, 3585, 7169}) {
    auto const x = random_matrix<float>(n, 4, unsigned(n));
    expect_by_cosine(x, x, 3, other_rows{}, rows_around_parts(n));
  }
  auto const queries = random_matrix<float>(230, 4, 1),
             candidates = random_matrix<float>(7169, 4, 2);
  expect_by_cosine(queries, candidates, 9, every_row{}, rows_around_parts(230));
}

TEST(pair_search, wide_rows_make_small_blocks) {
  // One part a block: panels of so wide rows have no room for more.
  auto const x = random_matrix<float>(450, 9500, 3), y = random_matrix<float>(31, 9500, 4);
  std::vector<index_t> const some = {0, 1, 223, 224, 225, 447, 448, 449};
  expect_by_cosine(x, x, 4, other_rows{}, some);
  expect_by_cosine(y, x, 4, every_row{}, {0, 13, 14, 30});
  auto const thin = random_matrix<float>(40, 0, 5);
  expect_by_every_relation(thin, thin, 3);
}

TEST(pair_search, rows_too_many_to_stay_packed) {
  index_t const n = 460, width = 28000;
  ASSERT_GT(n * width / 2 * index_t(sizeof(engine::panel_word)), engine::kept_panels_budget);
  auto const x = random_matrix<float>(n, width, 16);
  expect_by_cosine(x, x, 30, {}, {0, 1, 223, 224, 447, 448, 449, 459});
  expect_by_cosine(random_matrix<float>(20, width, 18), x, 30);
}

TEST(pair_search, thresholds_guessed_for_rows_that_do_not_stay_packed) {
  index_t const n = 5300, width = 2500, k = 400;
  auto const x = random_matrix<float>(n, width, 19);
  auto const kernels = engine::native_screen(engine::screen_element::int16_pair);
  pair_table<float, std::int32_t> table(n, k);
  coupleface::matrix_view<float const> const rows = x.view();
  engine::mine_nearest(policy(), rows, rows, table.values.view(), table.indices.view(), cosine{},
                       any_pair(), kernels);
  engine::relation_score<float, float, cosine> const score{rows, rows, nullptr, nullptr, {}};
  auto const plan = engine::plan_search(score, k, sizeof(std::int32_t), kernels);
  ASSERT_FALSE(plan.right_stays);
  ASSERT_GT(engine::plan_guess(k, n, plan.right.block_rows()).size, 0);
  matrix<float> scores(1, n);
  for (index_t const i : {0, 447, 448, 2600, 5299}) {
    relation_matrix(policy(), one_row(x, i), rows, scores.view(), cosine{});
    expect_best<float, std::int32_t>(
        table, {i}, n, [&](index_t, float* out) { std::copy_n(scores.view().row(0), n, out); },
        any_pair(), "row " + std::to_string(i));
  }
}

TEST(pair_search, every_relation_on_the_same_rows) {
  auto x = random_matrix<float>(500, 11, 6);
  for (index_t i = 0; i < 500; ++i) {  // norms that differ: the order is not that of the cosines
    for (index_t j = 0; j < 11; ++j) { x.set(i, j, x.at(i, j) * double(1 + i % 7)); }
  }
  expect_by_every_relation(x, x, 7);
  expect_nearest<float, std::int32_t, taxicab>(x, x, 7, {});
}

TEST(pair_search, every_storage_with_rows_of_every_kind) {
  using coupleface::bfloat16;
  using coupleface::float16;
  auto const floats = rows_with_everything<float>(280, 13, 7);
  expect_by_every_relation(floats, floats, 12);
  auto const doubles = rows_with_everything<double>(280, 13, 8);
  expect_by_every_relation<double, std::int64_t>(doubles, doubles, 279);
  auto const halves = rows_with_everything<float16>(280, 13, 9);
  expect_by_cosine(halves, halves, 30);
  expect_nearest<double, std::int16_t, cosine>(halves, rows_with_everything<bfloat16>(120, 13, 10),
                                               130, every_row{});
}

TEST(pair_search, rows_that_no_screen_can_judge) {
  double const inf = std::numeric_limits<double>::infinity();
  auto x = random_matrix<float>(300, 10, 11);
  for (index_t j = 0; j < 10; ++j) {
    x.set(3, j, 0);
    x.set(140, j, 0);
    x.set(5, j, 1e-42 * double(j));
    x.set(6, j, 1e-38);  // the norm is normal, the elements are not
    x.set(7, j, x.at(7, j) * 1e38);
    x.set(8, j, x.at(8, j) * 1e-30);
  }
  x.set(9, 2, std::nan(""));
  x.set(200, 0, inf);
  x.set(299, 1, -inf);
  for (index_t const k : {1, 12, 296, 300}) { expect_by_every_relation(x, x, k); }
  for (index_t i = 0; i < 300; ++i) {  // none is left that a screen could judge
    if (i % 3 != 0) { x.set(i, i % 10, i % 2 == 0 ? std::nan("") : inf); }
  }
  expect_by_every_relation(x, x, 150);
  for (index_t i = 0; i < 300; ++i) { x.set(i, 0, std::nan("")); }
  expect_by_every_relation(x, x, 20);
}

TEST(pair_search, a_query_that_is_not_finite_has_its_candidates_in_order) {
  matrix<float> const query(1, 2, {std::nan(""), 1}), candidates(3, 2, {1, 0, 0, 1, 3, 4});
  for (auto const& [name, kernels] : screens()) {
    pair_table<float, std::int32_t> table(1, 2);
    engine::mine_nearest(policy(), query.view(), candidates.view(), table.values.view(),
                         table.indices.view(), cosine{}, any_pair(every_row{}), kernels);
    for (index_t slot = 0; slot < 2; ++slot) {
      EXPECT_EQ(table.indices.get(0, slot), slot) << name;
      EXPECT_TRUE(std::isnan(table.values.get(0, slot))) << name;
    }
  }
}

TEST(pair_search, equal_rows_tie_to_the_smaller_index) {
  matrix<float> x(460, 5);
  for (index_t i = 0; i < 460; ++i) {
    for (index_t j = 0; j < 5; ++j) { x.set(i, j, 0.3 + double(j)); }
  }
  for (index_t const k : {1, 10}) { expect_by_every_relation(x, x, k); }
  for (index_t i = 0; i < 460; i += 2) {  // opposite to the others
    for (index_t j = 0; j < 5; ++j) { x.set(i, j, -x.at(i, j)); }
  }
  expect_by_every_relation(x, x, 250);
}

TEST(pair_search, coarse_values_tie_in_groups) {
  auto const x = coarse_matrix<float>(600, 6, 12);
  for (index_t const k : {1, 20, 599}) { expect_by_cosine(x, x, k); }
  expect_nearest<double, std::int64_t, cosine>(x, x, 20, every_row{});
}

TEST(pair_search, gaps_below_the_rounding_of_a_product) {
  auto const x = nearly_equal_rows(500, 64, 13);
  expect_by_cosine(x, x, 20);
  expect_nearest<double, std::int64_t, cosine>(x, x, 20, every_row{});
}

template <class V, class I, class Score>
index_t search(Score const& score, any_pair const& keep, pair_table<V, I>& table,
               engine::screen_kernels kernels) {
  return engine::search_pairs(policy(), score, keep, table.values.view(), table.indices.view(),
                              kernels);
}

TEST(pair_search, lists_whose_doubtful_band_does_not_fit_become_exact) {
  index_t const n = 1200, width = 16, k = 8;
  auto x = random_matrix<float>(n, width, 14);
  for (index_t i = 0; i < n;
       ++i) {  // cosines within 4e-4: whole numbers tell few apart, floats all
    for (index_t j = 0; j < width; ++j) { x.set(i, j, 1 + 0.014 * x.at(i, j)); }
  }
  expect_by_cosine(x, x, k);
  expect_nearest<double, std::int64_t, cosine>(x, x, 100, {});
  std::vector<double> norms;
  for (index_t i = 0; i < n; ++i) { norms.push_back(engine::row_norm(x.view().row(i), width)); }
  coupleface::matrix_view<float const> const view = std::as_const(x).view();
  engine::relation_score<float, float, cosine> const score{
      view, view, norms.data(), norms.data(), {}};
  for (auto const& [name, kernels] : screens()) {
    pair_table<float, std::int32_t> table(n, k);
    index_t const evaluated = search(score, any_pair(), table, kernels);
    if (kernels.element != engine::screen_element::float32) {
      EXPECT_GT(evaluated, n * n / 4) << name;
    } else {
      EXPECT_LT(evaluated, 2 * n * k) << name;
    }
  }
}

/// The element that a search for the k nearest of the rows `x` chooses by itself.
engine::screen_element chosen(matrix<float> const& queries, matrix<float> const& x, index_t k) {
  auto const on = policy();  // scratch refers to it
  coupleface::matrix_view<float const> const from = queries.view(), among = x.view();
  engine::row_norm_pair<decltype(policy()), float, float> const norms(on, from, among);
  engine::relation_score<float, float, cosine> const score{
      from, among, norms.queries(), norms.candidates(), {}};
  return engine::screen_for(on, score, k, {}).element;
}
engine::screen_element chosen(matrix<float> const& x, index_t k) { return chosen(x, x, k); }

TEST(pair_search, a_coarse_screen_only_where_it_pays) {
  index_t const n = 9000, width = 128;
  auto const x = random_matrix<float>(n, width, 15);
  matrix<float> alike(n, width);  // cosines within 0.01 of each other: 8 bits tell few apart
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < width; ++j) { alike.set(i, j, 1 + 0.05 * x.at(i, j)); }
  }
  for_each_kernel_set([&] {
    auto const without = engine::best_screen().element;
    bool const coarse = engine::multiplies_int8();
    EXPECT_EQ(chosen(x, 1), coarse ? engine::screen_element::int8_quad : without);
    EXPECT_EQ(chosen(alike, 1), without);
    EXPECT_EQ(chosen(x, n / 4), without) << "a quarter of all pairs are hits";
    EXPECT_EQ(chosen(random_matrix<float>(1000, width, 16), 1), without);
    EXPECT_EQ(chosen(random_matrix<float>(n, 8, 17), 1), without);
    EXPECT_EQ(chosen(random_matrix<float>(380, width, 18), x, 1), without)
        << "packing the candidates costs more than so few queries save";
    EXPECT_EQ(chosen(random_matrix<float>(n, width, 18), x, 1), chosen(x, 1));
  });
}

TEST(pair_search, one_evaluation_serves_both_rows_of_a_pair) {
  index_t const n = 2000, width = 40, k = 50;
  auto const x = random_matrix<float>(n, width, 20);
  std::vector<double> norms;
  for (index_t i = 0; i < n; ++i) { norms.push_back(engine::row_norm(x.view().row(i), width)); }
  coupleface::matrix_view<float const> const view = x.view();
  engine::relation_score<float, float, cosine> const score{
      view, view, norms.data(), norms.data(), {}};
  for (auto const& [name, kernels] : screens()) {
    pair_table<float, std::int32_t> table(n, k);
    index_t const evaluated = search(score, any_pair(), table, kernels);
    EXPECT_LT(evaluated, n * k * 4 / 5) << name;
    EXPECT_GE(evaluated, n * k / 2) << name;
  }
}

TEST(pair_search, exact_values_in_any_number_of_rounds_and_stretches) {
  index_t const n = 900, width = 24, k = 20;
  auto const x = random_matrix<float>(n, width, 21), y = random_matrix<float>(n + 61, width, 22);
  auto const check = [&](matrix<float> const& candidates) {
    coupleface::matrix_view<float const> const rows = x.view(), others = candidates.view();
    auto const on = policy();  // scratch refers to it
    using policy_type = decltype(policy());
    engine::row_norm_pair<policy_type, float, float> const norms(on, rows, others);
    using score_type = engine::relation_score<float, float, cosine>;
    score_type const score{rows, others, norms.queries(), norms.candidates(), {}};
    auto const finished = [&](engine::exact_limits limits) {
      pair_table<float, std::int32_t> table(n, k);
      engine::pair_search<policy_type, score_type, float, std::int32_t, any_pair> search(
          on, score, any_pair(), table.values.view(), table.indices.view(), engine::best_screen());
      while (search.step() < search.steps()) { search.advance(); }
      index_t const evaluated = search.finish(limits);
      return std::make_pair(std::move(table), evaluated);
    };
    auto const whole = finished({});
    index_t const row = width * index_t(sizeof(float));
    for (auto const& limits :
         {engine::exact_limits{row * 100, 7, row * 200, 13},
          engine::exact_limits{row * 50, 20, row, 56}, engine::exact_limits{row, 1, 1, 1}}) {
      auto const divided = finished(limits);
      EXPECT_EQ(divided.second, whole.second);
      EXPECT_TRUE(divided.first.values.same_bits(whole.first.values));
      EXPECT_TRUE(divided.first.indices.same_bits(whole.first.indices));
    }
  };
  check(x);
  check(y);
}

TEST(pair_search, predicates_may_differ_between_the_two_ways) {
  auto const x = random_matrix<float>(520, 9, 15);
  expect_by_cosine(x, x, 8, [](index_t q, index_t c) { return c < q; });
  expect_by_cosine(x, x, 8, [](index_t q, index_t c) { return (7 * q + c) % 3 == 0; });
  expect_by_cosine(x, x, 8, [](index_t q, index_t c) { return q == c; });
  expect_by_cosine(x, x, 8, [](index_t, index_t) { return false; });
  expect_by_cosine(x, x, 8, [](index_t q, index_t c) { return q % 50 != 0 || c % 100 == 0; });
  expect_nearest<float, std::int32_t, inner_product>(x, x, 8,
                                                     [](index_t q, index_t c) { return q < c; });
}

TEST(pair_search, labels_of_one_huge_class) {
  index_t const n = 800;
  auto x = random_matrix<float>(n, 6, 16);
  matrix<std::int32_t> labels(1, n);
  for (index_t i = 0; i < n; ++i) {
    labels.set(0, i, i % 41 == 3 ? -1.0 : (i % 13 == 0 ? double(i % 5 + 1) : 0.0));
    if (labels.get(0, i) == 0) { x.set(i, 0, 6); }  // the nearest are of one's own class
  }
  other_labels const keep(std::as_const(labels).vector(), std::as_const(labels).vector());
  for (index_t const k : {1, 10, 100}) {
    expect_by_cosine(x, x, k, keep);
    expect_nearest<float, std::int32_t, negative_squared_distance>(x, x, k, keep);
  }
}

TEST(pair_search, many_slots) {
  auto const x = random_matrix<float>(1300, 6, 17);
  auto const some = rows_around_parts(1300);
  expect_by_cosine(x, x, 1100, other_rows{}, some);
  expect_by_cosine(x, x, 1400, every_row{}, some);
}

TEST(pair_search, lists_without_room_are_exact_from_the_start) {
  // So many queries that 64 MiB leave no list of theirs any room.
  index_t const n = 1 << 21;
  engine::relation_score<float, float, cosine> score{};
  matrix<float> const queries = [&] {
    matrix<float> x(n, 2);
    for (index_t i = 0; i < n; ++i) {
      x.set(i, 0, std::cos(double(i)));
      x.set(i, 1, std::sin(double(i)));
    }
    return x;
  }();
  auto const candidates = random_matrix<float>(15, 2, 18);
  score.query_rows = queries.view();
  score.candidate_rows = candidates.view();
  auto const kernels = engine::best_screen();
  ASSERT_EQ(engine::plan_search(score, 2, sizeof(std::int32_t), kernels).room, 0);
  pair_table<float, std::int32_t> table(n, 2);
  engine::mine_nearest(policy(), score.query_rows, score.candidate_rows, table.values.view(),
                       table.indices.view(), cosine{}, any_pair(every_row{}), kernels);
  std::vector<index_t> some;
  for (index_t i = 0; i < n; i += 9973) { some.push_back(i); }
  auto const scores = [&](index_t i, float* out) {
    matrix<float> row(1, 15);
    relation_matrix(policy(), one_row(queries, i), candidates.view(), row.view(), cosine{});
    for (index_t j = 0; j < 15; ++j) { out[j] = row.get(0, j); }
  };
  expect_best<float, std::int32_t>(table, some, 15, scores, every_row{}, "no room");
}

/// As one may write a relation: the bound takes no cosine out of its range.
struct clamped_inner_product : inner_product {
  double upper_bound(double cosine, double a_norm, double b_norm) const {
    return inner_product::upper_bound(std::min(1.0, std::max(-1.0, cosine)), a_norm, b_norm);
  }
};

TEST(pair_search, bounds_are_not_asked_what_no_screen_knows) {
  // A row without a direction has inner products all the same, and those with long rows count.
  auto x = random_matrix<float>(60, 3, 19);
  for (index_t i = 0; i < 60; ++i) {
    for (index_t j = 0; j < 3; ++j) { x.set(i, j, std::fabs(x.at(i, j)) * 1e20); }
  }
  for (index_t const i : {0, 59}) {
    for (index_t j = 0; j < 3; ++j) { x.set(i, j, 1e-41 * double(j + 1)); }
  }
  expect_nearest<float, std::int32_t, clamped_inner_product>(x, x, 4, {});
}

template <class Gap, class S, class T>
void expect_gaps(matrix<S> const& student, matrix<T> const& teacher, index_t k,
                 any_pair const& keep = {}) {
  coupleface::matrix_view<S const> const s = student.view();
  coupleface::matrix_view<T const> const t = teacher.view();
  index_t const n = student.rows();
  std::vector<double> s_norms, t_norms;
  for (index_t i = 0; i < n; ++i) {
    s_norms.push_back(engine::row_norm(s.row(i), s.extent(1)));
    t_norms.push_back(engine::row_norm(t.row(i), t.extent(1)));
  }
  Gap const gap;
  engine::gap_score<S, S, T, T, Gap> const score{
      s, s, t, t, s_norms.data(), s_norms.data(), t_norms.data(), t_norms.data(), gap};
  ASSERT_TRUE(score.symmetric());
  auto const s_cosines = all_relations<double>(student, student);
  auto const t_cosines = all_relations<double>(teacher, teacher);
  auto const scores = [&](index_t i, float* out) {
    for (index_t j = 0; j < n; ++j) { out[j] = float(gap(s_cosines.at(i, j), t_cosines.at(i, j))); }
  };
  for (auto const& [name, kernels] : screens()) {
    pair_table<float, std::int32_t> table(n, k, 1);
    search(score, keep, table, kernels);
    expect_best<float, std::int32_t>(table, every_index(n), n, scores, keep, name);
    if (testing::Test::HasFatalFailure()) { return; }
  }
  pair_table<float, std::int32_t> table(n, k, 1);
  mine_gap(policy(), student.view(), student.view(), teacher.view(), teacher.view(),
           table.values.view(), table.indices.view(), gap, keep);
  expect_best<float, std::int32_t>(table, every_index(n), n, scores, keep, "mine_gap");
}

template <class Gap>
void expect_symmetric_gaps() {
  for (index_t const n : {14, 33, 225, 460}) {
    auto const student = random_matrix<float>(n, 5, 20);
    auto const teacher = random_matrix<double>(n, 8, 21);
    expect_gaps<Gap>(student, teacher, 5);
    expect_gaps<Gap>(student, teacher, 40, every_row{});
    expect_gaps<Gap>(student, teacher, 5, [](index_t q, index_t c) { return c < q; });
  }
  auto const student = rows_with_everything<float>(250, 6, 22);
  auto const teacher = rows_with_everything<double>(250, 4, 23);
  for (index_t const k : {1, 12, 249, 300}) { expect_gaps<Gap>(student, teacher, k); }
  matrix<double> same(250, 6);
  for (index_t i = 0; i < 250; ++i) {
    for (index_t j = 0; j < 6; ++j) { same.set(i, j, student.at(i, j)); }
  }
  expect_gaps<Gap>(student, same, 12, every_row{});  // gaps of nothing but a rounding, or NaN
}

TEST(pair_search, gaps_of_the_same_rows) {
  expect_symmetric_gaps<coupleface::violation>();
  expect_symmetric_gaps<coupleface::absolute_gap>();
}

}  // namespace
