// SPDX-License-Identifier: Apache-2.0
// mine_mixed: the nearest first, then random ones of all others.
#include <coupleface/mining/mixed.hpp>

#include "../support/brute_force.hpp"
#include "../support/counting_allocator.hpp"

#include <coupleface/mining/nearest.hpp>
#include <coupleface/mining/random.hpp>

#include <set>

namespace {

using namespace coupleface_test;
using coupleface::mine_mixed;

template <class V, class Q, class C, class Relation, class Keep>
void expect_mixed(matrix<Q> const& queries, matrix<C> const& candidates, index_t hard, index_t k,
                  Relation relation, Keep keep) {
  mined_table<V> table(queries.rows(), k);
  mine_mixed(policy(), queries.view(), candidates.view(), hard, 7, table.values.view(),
             table.indices.view(), relation, keep);
  auto const scores = all_relations<V>(queries, candidates, relation);
  for (index_t i = 0; i < queries.rows(); ++i) {
    auto const ranks = ranking(scores, i, [&](index_t q, index_t c, double) { return keep(q, c); });
    auto const mined = table.row(i);
    std::set<index_t> const distinct(mined.begin(), mined.end());
    ASSERT_EQ(distinct.size(), std::min(std::size_t(k), ranks.size()));
    // The nearest whatever was drawn, and all in the order of the ranking.
    std::vector<index_t> expected;
    for (index_t rank = 0; rank < index_t(ranks.size()); ++rank) {
      index_t const candidate = ranks[std::size_t(rank)];
      if (rank < hard || distinct.count(candidate) > 0) { expected.push_back(candidate); }
    }
    ASSERT_EQ(expected.size(), distinct.size());
    expect_row(table, i, expected, scores);
  }
}

TEST(mine_mixed, hand_computed) {
  matrix<float> const x(4, 2, {1, 0, 2, 0.2, 0, 1, -1, 0});
  bool drawn[4] = {};
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    mined_table<float> table(4, 2);
    mine_mixed(policy(), x.view(), x.view(), 1, seed, table.values.view(), table.indices.view());
    ASSERT_EQ(table.indices.get(0, 0), 1);
    index_t const other = table.indices.get(0, 1);
    ASSERT_TRUE(other == 2 || other == 3);
    EXPECT_EQ(table.values.get(0, 1), other == 2 ? 0.0f : -1.0f);
    drawn[other] = true;
  }
  EXPECT_TRUE(drawn[2] && drawn[3]);  // missed by accident once in 2^63
}

TEST(mine_mixed, every_shape_share_and_relation) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    auto const queries = rows_with_everything<float>(n, d, 1);
    auto const candidates = rows_with_everything<float>(m, d, 2);
    for (index_t const hard : {index_t(0), k / 3, k / 2, std::max<index_t>(0, k - 1), k}) {
      expect_mixed<float>(queries, candidates, hard, k, coupleface::cosine{},
                          coupleface::other_rows{});
      expect_mixed<double>(queries, queries, hard, k, coupleface::cosine{},
                           coupleface::other_rows{});
      expect_mixed<float>(queries, candidates, hard, k, coupleface::inner_product{},
                          coupleface::every_row{});
      expect_mixed<double>(queries, candidates, hard, k, coupleface::negative_squared_distance{},
                           [](index_t q, index_t c) { return (q + c) % 3 == 0; });
      expect_mixed<float>(queries, candidates, hard, k, taxicab{}, coupleface::every_row{});
    }
  }
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_mixed, labels) {
  auto const x = random_matrix<coupleface::float16>(90, 6, 3);
  auto const labels = random_labels(90, 5, 4);
  coupleface::other_labels const keep(labels.vector(), labels.vector());
  expect_mixed<float>(x, x, 3, 9, coupleface::cosine{}, keep);
  expect_mixed<float>(x, x, 30, 90, coupleface::cosine{}, keep);
}
#endif

TEST(mine_mixed, all_random_is_mine_random_and_the_rest_is_drawn_evenly) {
  auto const x = random_matrix<float>(200, 6, 5);
  mined_table<float> mixed(200, 8), random(200, 8);
  mine_mixed(policy(), x.view(), x.view(), 0, 3, mixed.values.view(), mixed.indices.view());
  mine_random(policy(), x.view(), x.view(), 3, random.values.view(), random.indices.view());
  EXPECT_TRUE(mixed.same_bits(random));
  // Ranks 4 ... of 40 candidates by 6 random slots of 6,000 queries that are all alike.
  index_t const m = 40, hard = 4, slots = 6, draws = 6000;
  matrix<float> const one(draws, 1, std::vector<double>(std::size_t(draws), 1.0));
  matrix<float> const candidates(m, 1, std::vector<double>(std::size_t(m), 1.0));  // ties: by index
  mined_table<float> table(draws, hard + slots);
  mine_mixed(policy(), one.view(), candidates.view(), hard, 9, table.values.view(),
             table.indices.view(), coupleface::cosine{}, coupleface::every_row{});
  std::vector<double> count(std::size_t(m), 0.0);
  for (index_t i = 0; i < draws; ++i) {
    for (index_t const c : table.row(i)) { ++count[std::size_t(c)]; }
  }
  double const p = double(slots) / double(m - hard), df = double(m - hard - 1);
  double statistic = 0;
  for (index_t c = 0; c < m; ++c) {
    double const off = count[std::size_t(c)] - double(draws) * (c < hard ? 1.0 : p);
    if (c < hard) { EXPECT_EQ(off, 0.0); }
    statistic += off * off / (double(draws) * p * (1 - p)) * df / (df + 1);
  }
  // As in mine_random's test: chi-square, beyond this with probability exp(-20).
  EXPECT_LT(statistic, df + 2 * std::sqrt(df * 20) + 40);
}

TEST(mine_mixed, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(6, 8, 16), narrow = random_matrix<float>(6, 7, 16);
  mined_table<float> table(6, 2), few(5, 2);
  auto const mine = [&](auto const& candidates, index_t hard, auto& result) {
    mine_mixed(policy(), x.view(), candidates.view(), hard, 1, result.values.view(),
               result.indices.view());
  };
  expect_refused([&] { mine(x, 3, table); },
                 "coupleface::mine_mixed: hard is 3, but columns of values is 2");
  expect_refused([&] { mine(x, -1, table); },
                 "coupleface::mine_mixed: hard is -1, but columns of values is 2");
  expect_refused([&] { mine(narrow, 1, table); },
                 "coupleface::mine_mixed: width of candidates is 7, but width of queries is 8");
  EXPECT_THROW(mine(x, 1, few), std::invalid_argument);
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_mixed, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const queries = random_matrix<float>(300, 12, 17),
             candidates = random_matrix<float>(90, 12, 1);
  mined_table<float> a(300, 10), b(300, 10), nearest(300, 4);
  mine_mixed(policy(), queries.view(), candidates.view(), 4, 2, a.values.view(), a.indices.view());
  allocation_count count, of_nearest;
  counting_allocator allocator(count), nearest_allocator(of_nearest);
  mine_mixed(thrust::seq(allocator), queries.view(), candidates.view(), 4, 2, b.values.view(),
             b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  coupleface::mine_nearest(thrust::seq(nearest_allocator), queries.view(), candidates.view(),
                           nearest.values.view(), nearest.indices.view(), coupleface::cosine{},
                           coupleface::other_rows{});
  EXPECT_EQ(count.bytes, of_nearest.bytes);
  EXPECT_EQ(count.live, 0u);
}
#endif

}  // namespace
