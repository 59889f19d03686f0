// SPDX-License-Identifier: Apache-2.0
// mine_random: distinct kept candidates, each set of them as likely as any other.
#include <coupleface/mining/random.hpp>

#include "../support/brute_force.hpp"
#include "../support/counting_allocator.hpp"

#include <set>

namespace {

using namespace coupleface_test;
using coupleface::mine_random;

template <class V, class Q, class C, class Relation, class Keep>
void expect_valid_draw(matrix<Q> const& queries, matrix<C> const& candidates, index_t k,
                       Relation relation, Keep keep) {
  mined_table<V> table(queries.rows(), k);
  mine_random(policy(), queries.view(), candidates.view(), 5, table.values.view(),
              table.indices.view(), relation, keep);
  auto const scores = all_relations<V>(queries, candidates, relation);
  for (index_t i = 0; i < queries.rows(); ++i) {
    auto const allowed =
        ranking(scores, i, [&](index_t q, index_t c, double) { return keep(q, c); });
    auto const drawn = table.row(i);
    ASSERT_EQ(drawn.size(), std::min<std::size_t>(allowed.size(), std::size_t(k)));
    std::set<index_t> const distinct(drawn.begin(), drawn.end());
    ASSERT_EQ(distinct.size(), drawn.size());
    // In the order of the ranking, with its bits, and nothing that is not kept.
    std::vector<index_t> expected;
    for (index_t const c : allowed) {
      if (distinct.count(c) > 0) { expected.push_back(c); }
    }
    ASSERT_EQ(expected.size(), drawn.size());
    expect_row(table, i, expected, scores);
  }
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
/// A draw for queries 0 ... `queries` - 1 from candidates that are all alike, so that rows ascend.
mined_table<float> draw(index_t queries, index_t candidates, index_t k, std::uint64_t seed) {
  matrix<float> const x(queries, 1, std::vector<double>(std::size_t(queries), 1.0));
  matrix<float> const y(candidates, 1, std::vector<double>(std::size_t(candidates), 1.0));
  mined_table<float> table(queries, k);
  mine_random(thrust::seq, x.view(), y.view(), seed, table.values.view(), table.indices.view(),
              coupleface::cosine{}, coupleface::every_row{});
  return table;
}

/// Chi-square with df degrees of freedom: beyond df - 2 sqrt(df t) ... df + 2 sqrt(df t) + 2 t with
/// probability 2 exp(-t) at most (Laurent and Massart); t = 20 is no accident.
void expect_chi_square(double statistic, double df) {
  EXPECT_LT(statistic, df + 2 * std::sqrt(df * 20) + 40);
  EXPECT_GT(statistic, df - 2 * std::sqrt(df * 20));
}
#endif

TEST(mine_random, hand_computed) {
  // One candidate is kept, so it is drawn whatever the seed.
  matrix<float> const x(3, 2, {1, 0, 0, 1, 3, 4});
  for (std::uint64_t const seed : {0u, 1u, 99u}) {
    mined_table<double> table(3, 2);
    mine_random(policy(), x.view(), x.view(), seed, table.values.view(), table.indices.view(),
                coupleface::cosine{}, [](index_t q, index_t c) { return c == (q + 2) % 3; });
    EXPECT_EQ(table.indices.get(0, 0), 2);
    EXPECT_EQ(table.values.get(0, 0), 0.6);
    EXPECT_EQ(table.indices.get(1, 0), 0);
    EXPECT_EQ(table.values.get(1, 0), 0.0);
    EXPECT_EQ(table.indices.get(2, 0), 1);
    EXPECT_EQ(table.values.get(2, 0), 0.8);
    EXPECT_EQ(table.indices.get(0, 1), -1);
  }
}

TEST(mine_random, kept_distinct_in_order_for_every_shape_and_relation) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    auto const queries = rows_with_everything<float>(n, d, 1);
    auto const candidates = rows_with_everything<double>(m, d, 2);
    expect_valid_draw<float>(queries, candidates, k, coupleface::cosine{}, coupleface::every_row{});
    expect_valid_draw<double>(queries, candidates, k, coupleface::inner_product{},
                              coupleface::other_rows{});
    expect_valid_draw<float>(queries, candidates, k, coupleface::negative_squared_distance{},
                             [](index_t q, index_t c) { return (q + c) % 3 == 0; });
  }
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_random, labels_and_both) {
  auto const x = random_matrix<float>(120, 6, 3);
  auto const labels = random_labels(120, 5, 4);
  coupleface::other_labels const other(labels.vector(), labels.vector());
  expect_valid_draw<float>(x, x, 9, coupleface::cosine{}, other);
  expect_valid_draw<float>(x, x, 200, coupleface::cosine{},
                           coupleface::both(other, [](index_t q, index_t c) { return c < q; }));
}

TEST(mine_random, every_candidate_as_often_as_any_other) {
  // Counts of draws without replacement: their covariance makes (m - 1) / m sum (O - E)^2 / (N p
  // (1 - p)) chi-square with m - 1 degrees of freedom.
  for (index_t const m : {7, 53, 300}) {
    index_t const k = m / 5 + 1, draws = 20000;
    std::vector<double> count(std::size_t(m), 0.0);
    for (std::uint64_t const seed : {1u, 2u, 3u, 4u}) {
      auto const table = draw(draws / 4, m, k, seed);
      for (index_t i = 0; i < draws / 4; ++i) {
        for (index_t const c : table.row(i)) { ++count[std::size_t(c)]; }
      }
    }
    double const p = double(k) / double(m);
    double statistic = 0;
    for (double const c : count) {
      statistic +=
          (c - double(draws) * p) * (c - double(draws) * p) / (double(draws) * p * (1 - p));
    }
    expect_chi_square(statistic * double(m - 1) / double(m), double(m - 1));
  }
}

TEST(mine_random, every_pair_as_often_as_any_other) {
  // By query and, as far as one query goes, by seed.
  constexpr index_t m = 11, draws = 12000;
  double count[m][m] = {};
  auto const by_query = draw(draws / 2, m, 2, 1);
  for (index_t i = 0; i < draws / 2; ++i) {
    ++count[by_query.indices.get(i, 0)][by_query.indices.get(i, 1)];
    auto const by_seed = draw(1, m, 2, std::uint64_t(i));
    ++count[by_seed.indices.get(0, 0)][by_seed.indices.get(0, 1)];
  }
  double const expected = double(draws) / (m * (m - 1) / 2);
  double statistic = 0;
  for (index_t a = 0; a < m; ++a) {
    for (index_t b = a + 1; b < m; ++b) {
      statistic += (count[a][b] - expected) * (count[a][b] - expected) / expected;
    }
  }
  expect_chi_square(statistic, m * (m - 1) / 2 - 1);
}

TEST(mine_random, depends_on_seed_and_query_alone) {
  auto const table = draw(6, 1000, 10, 3);
  EXPECT_EQ(draw(5, 1000, 10, 3).row(4), table.row(4));
  EXPECT_NE(draw(5, 1000, 10, 4).row(4), table.row(4));
  EXPECT_NE(table.row(5), table.row(4));
  // A wider table draws on: what a narrow one holds it holds too.
  auto const few = table.row(4), many = draw(5, 1000, 50, 3).row(4);
  EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end()));
}
#endif

TEST(mine_random, orders_are_permutations_at_any_size) {
  for (index_t const size : {0, 1, 2, 255, 256, 257, 1000, 70000}) {
    coupleface::detail::random_order const order(7, 9, size);
    EXPECT_LT(order.positions(), std::max<index_t>(257, 2 * size));
    std::vector<bool> seen(std::size_t(order.positions()), false);
    for (index_t position = 0; position < order.positions(); ++position) {
      index_t const at = order(position);
      ASSERT_TRUE(at >= 0 && at < order.positions() && !seen[std::size_t(at)]);
      seen[std::size_t(at)] = true;
    }
    EXPECT_GE(order.positions(), size);
  }
  coupleface::detail::random_order const huge(7, 9, index_t(1) << 61);
  EXPECT_TRUE(huge(0) >= 0 && huge(0) < huge.positions() && huge(0) != huge(1));
}

TEST(mine_random, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(6, 8, 16);
  auto const narrow = random_matrix<float>(6, 7, 16);
  mined_table<float> table(6, 2), few(5, 2);
  try {
    mine_random(policy(), x.view(), narrow.view(), 1, table.values.view(), table.indices.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(),
                 "coupleface::mine_random: width of candidates is 7, but width of queries is 8");
  }
  try {
    mine_random(policy(), x.view(), x.view(), 1, few.values.view(), few.indices.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(),
                 "coupleface::mine_random: rows of values is 5, but rows of queries is 6");
  }
  EXPECT_THROW(
      mine_random(policy(), x.view(), x.view(), 1, table.values.view(), few.indices.view()),
      std::invalid_argument);
  matrix<std::int8_t> small_ids(1, 2);
  matrix<float> small_values(1, 2);
  auto const one = random_matrix<float>(1, 1, 1), many = random_matrix<float>(128, 1, 1);
  EXPECT_THROW(
      mine_random(policy(), one.view(), many.view(), 1, small_values.view(), small_ids.view()),
      std::invalid_argument);
  auto const labels = random_labels(3, 2, 18);
  coupleface::other_labels const misfit(labels.vector(), labels.vector());
  EXPECT_THROW(
      mine_random(policy(), x.view(), x.view(), 1, table.values.view(), table.indices.view(),
                  coupleface::cosine{}, coupleface::both(coupleface::every_row{}, misfit)),
      std::invalid_argument);
  EXPECT_TRUE(table.untouched() && few.untouched() && small_values.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_random, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const queries = random_matrix<float>(300, 12, 17);
  auto const candidates = random_matrix<float>(700, 12, 18);
  mined_table<float> a(300, 10), b(300, 10);
  allocation_count count;
  counting_allocator allocator(count);
  mine_random(policy(), queries.view(), candidates.view(), 3, a.values.view(), a.indices.view());
  mine_random(thrust::seq(allocator), queries.view(), candidates.view(), 3, b.values.view(),
              b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  EXPECT_EQ(count.bytes, 8u * (300 + 700));
  EXPECT_EQ(count.live, 0u);
}
#endif

}  // namespace
