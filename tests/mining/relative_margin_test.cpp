// SPDX-License-Identifier: Apache-2.0
// mine_relative_margin: the nearest among the pairs that stay below each query's positive.
#include <coupleface/mining/relative_margin.hpp>

#include "../support/brute_force.hpp"
#include "../support/scratch_ceiling.hpp"

namespace {

using namespace coupleface_test;
using coupleface::mine_relative_margin;
using ids = matrix<std::int32_t>;

/// Every eleventh query has none.
ids some_positives(index_t queries, index_t candidates, unsigned seed) {
  std::mt19937 generator(seed);
  ids result(1, queries);
  for (index_t i = 0; i < queries; ++i) {
    bool const none = candidates == 0 || i % 11 == 9;
    result.set(0, i, none ? -1 : double(generator() % unsigned(candidates)));
  }
  return result;
}

template <class V, class Q, class C, class Relation, class Keep>
void expect_below_positives(matrix<Q> const& queries, matrix<C> const& candidates, double margin,
                            index_t k, Relation relation, Keep keep) {
  auto const positives = some_positives(queries.rows(), candidates.rows(), 5);
  mined_table<V> table(queries.rows(), k);
  mine_relative_margin(policy(), queries.view(), candidates.view(), positives.vector(), margin,
                       table.values.view(), table.indices.view(), relation, keep);
  auto const exact = all_relations<double>(queries, candidates, relation);
  expect_ranked(table, all_relations<V>(queries, candidates, relation),
                [&](index_t q, index_t c, double score) {
                  index_t const p = positives.get(0, q);
                  if (p < 0 || c == p || !keep(q, c)) { return false; }
                  double const positive = exact.at(q, p);
                  return std::isfinite(positive) &&
                         score <= positive - margin * std::fabs(positive);
                });
}

TEST(mine_relative_margin, hand_computed) {
  // Cosines with the query: 0.8 (the positive), 1, 0.6, 0, -1.
  matrix<float> const query(1, 2, {1, 0});
  matrix<float> const candidates(5, 2, {4, 3, 1, 0, 3, 4, 0, 1, -1, 0});
  mined_table<double> table(1, 2);
  auto const mine = [&](double positive, double margin) {
    ids const positives(1, 1, std::vector<double>{positive});
    mine_relative_margin(policy(), query.view(), candidates.view(), positives.vector(), margin,
                         table.values.view(), table.indices.view(), coupleface::cosine{},
                         coupleface::every_row{});
    return table.row(0);
  };
  EXPECT_EQ(mine(0, 0.0), (std::vector<index_t>{2, 3}));   // <= 0.8, without the positive
  EXPECT_EQ(mine(0, 0.24), (std::vector<index_t>{2, 3}));  // <= 0.608
  EXPECT_EQ(mine(0, 0.26), (std::vector<index_t>{3, 4}));  // <= 0.592
  EXPECT_EQ(table.values.get(0, 0), 0.0);
  EXPECT_EQ(mine(0, 2.0), std::vector<index_t>{4});  // <= -0.8
  EXPECT_EQ(mine(3, 0.5), std::vector<index_t>{4});  // <= 0, without the positive
  EXPECT_EQ(mine(4, 0.0), std::vector<index_t>{});   // <= -1, without the positive
  EXPECT_EQ(mine(-1, 0.0), std::vector<index_t>{});  // no positive
  EXPECT_EQ(table.values.get(0, 0), -std::numeric_limits<double>::infinity());
}

TEST(mine_relative_margin, every_shape_margin_and_relation) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    auto const queries = rows_with_everything<float>(n, d, 1);
    auto const candidates = rows_with_everything<float>(m, d, 2);
    for (double const margin : {0.0, 0.05, 1.5}) {
      expect_below_positives<float>(queries, candidates, margin, k, coupleface::cosine{},
                                    coupleface::every_row{});
      expect_below_positives<double>(queries, queries, margin, k, coupleface::cosine{},
                                     coupleface::other_rows{});
      expect_below_positives<float>(queries, candidates, margin, k, coupleface::inner_product{},
                                    coupleface::every_row{});
      expect_below_positives<double>(queries, candidates, margin, k,
                                     coupleface::negative_squared_distance{},
                                     [](index_t q, index_t c) { return (q + c) % 3 != 1; });
    }
  }
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_relative_margin, labels) {
  auto const x = random_matrix<coupleface::float16>(90, 6, 3);
  auto const labels = random_labels(90, 5, 4);
  expect_below_positives<float>(x, x, 0.1, 9, coupleface::cosine{},
                                coupleface::other_labels(labels.vector(), labels.vector()));
}
#endif

TEST(mine_relative_margin, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(6, 8, 16), narrow = random_matrix<float>(6, 7, 16);
  mined_table<float> table(6, 2), few(5, 2);
  auto const positives = some_positives(6, 6, 1), too_few = some_positives(4, 6, 1);
  auto const mine = [&](auto const& candidates, ids const& of, double margin, auto& result) {
    mine_relative_margin(policy(), x.view(), candidates.view(), of.vector(), margin,
                         result.values.view(), result.indices.view());
  };
  expect_refused([&] { mine(x, too_few, 0, table); },
                 "coupleface::mine_relative_margin: size of positives is 4, but rows of queries is "
                 "6");
  expect_refused([&] { mine(x, positives, -0.5, table); },
                 "coupleface::mine_relative_margin: margin is -0.500000, but must be finite and "
                 "not negative");
  EXPECT_THROW(mine(x, positives, std::nan(""), table), std::invalid_argument);
  EXPECT_THROW(mine(x, positives, HUGE_VAL, table), std::invalid_argument);
  EXPECT_THROW(mine(narrow, positives, 0, table), std::invalid_argument);
  EXPECT_THROW(mine(x, positives, 0, few), std::invalid_argument);
  if (ids_are_checked) {
    ids const beyond(1, 6, {0, 1, 6, 0, 0, 0}), below(1, 6, {0, 1, 2, -2, 0, 0});
    expect_refused([&] { mine(x, beyond, 0, table); },
                   "coupleface::mine_relative_margin: positives(2) is 6, outside [-1, 6)");
    expect_refused([&] { mine(x, below, 0, table); },
                   "coupleface::mine_relative_margin: positives(3) is -2, outside [-1, 6)");
  }
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_relative_margin, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const x = rows_with_everything<float>(500, 12, 17);
  auto const positives = some_positives(500, 500, 2);
  mined_table<float> a(500, 10), b(500, 10);
  allocation_count count;
  counting_allocator allocator(count);
  mine_relative_margin(policy(), x.view(), x.view(), positives.vector(), 0.05, a.values.view(),
                       a.indices.view());
  mine_relative_margin(thrust::seq(allocator), x.view(), x.view(), positives.vector(), 0.05,
                       b.values.view(), b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  expect_scratch_within(count, scratch_of_nearest(x, x, 10) + 8 * 500);
}
#endif

}  // namespace
