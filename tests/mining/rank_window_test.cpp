// SPDX-License-Identifier: Apache-2.0
// mine_rank_window: the slots of a longer table of the nearest, from `skip` on.
#include <coupleface/mining/rank_window.hpp>

#include "../support/brute_force.hpp"
#include "../support/counting_allocator.hpp"

#include <coupleface/mining/nearest.hpp>

namespace {

using namespace coupleface_test;
using coupleface::mine_rank_window;

std::vector<index_t> after(std::vector<index_t> ranks, index_t skip) {
  ranks.erase(ranks.begin(), ranks.begin() + std::min<index_t>(skip, index_t(ranks.size())));
  return ranks;
}

template <class V, class Q, class C, class Relation, class Keep>
void expect_window(matrix<Q> const& queries, matrix<C> const& candidates, index_t skip, index_t k,
                   Relation relation, Keep keep) {
  mined_table<V> table(queries.rows(), k);
  mine_rank_window(policy(), queries.view(), candidates.view(), skip, table.values.view(),
                   table.indices.view(), relation, keep);
  auto const scores = all_relations<V>(queries, candidates, relation);
  for (index_t i = 0; i < queries.rows(); ++i) {
    auto const ranks = ranking(scores, i, [&](index_t q, index_t c, double) { return keep(q, c); });
    expect_row(table, i, after(ranks, skip), scores);
  }
}

TEST(mine_rank_window, hand_computed) {
  matrix<float> const x(4, 2, {1, 0, 2, 0.2, 0, 1, -1, 0});
  mined_table<float> table(4, 2);
  mine_rank_window(policy(), x.view(), x.view(), 1, table.values.view(), table.indices.view());
  EXPECT_EQ(table.row(0), (std::vector<index_t>{2, 3}));  // without row 1, the nearest
  EXPECT_EQ(table.values.get(0, 0), 0);
  EXPECT_EQ(table.values.get(0, 1), -1);
  mine_rank_window(policy(), x.view(), x.view(), 2, table.values.view(), table.indices.view());
  EXPECT_EQ(table.row(0), std::vector<index_t>{3});
  EXPECT_EQ(table.indices.get(0, 1), -1);
}

TEST(mine_rank_window, every_shape_skip_and_relation) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    auto const queries = rows_with_everything<float>(n, d, 1);
    auto const candidates = rows_with_everything<float>(m, d, 2);
    for (index_t const skip : {0, 1, 6, 400}) {
      expect_window<float>(queries, candidates, skip, k, coupleface::cosine{},
                           coupleface::other_rows{});
      expect_window<double>(queries, candidates, skip, k, coupleface::inner_product{},
                            coupleface::every_row{});
      expect_window<float>(queries, queries, skip, k, coupleface::negative_squared_distance{},
                           [](index_t q, index_t c) { return (q + c) % 2 == 1; });
      expect_window<float>(queries, candidates, skip, k, taxicab{}, coupleface::every_row{});
    }
  }
  auto const x = random_matrix<float>(5, 3, 3);
  expect_window<float>(x, x, std::numeric_limits<index_t>::max(), 3, coupleface::cosine{},
                       coupleface::every_row{});
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_rank_window, labels) {
  auto const x = random_matrix<coupleface::float16>(90, 6, 3);
  auto const labels = random_labels(90, 5, 4);
  expect_window<float>(x, x, 3, 9, coupleface::cosine{},
                       coupleface::other_labels(labels.vector(), labels.vector()));
}
#endif

TEST(mine_rank_window, blocks_of_any_size_change_nothing) {
  auto const x = rows_with_everything<float>(101, 7, 5);
  auto const labels = random_labels(101, 6, 6);
  coupleface::other_labels const keep(labels.vector(), labels.vector());
  mined_table<float> expected(101, 4);
  mine_rank_window(policy(), x.view(), x.view(), 3, expected.values.view(), expected.indices.view(),
                   coupleface::cosine{}, keep);
  for (index_t const rows : {0, 1, 10, 100}) {
    mined_table<float> table(101, 4);
    coupleface::detail::mine_rank_window(policy(), x.view(), x.view(), 3, table.values.view(),
                                         table.indices.view(), coupleface::cosine{}, keep,
                                         rows * 7 * 8);
    EXPECT_TRUE(table.same_bits(expected)) << rows << " rows a block";
  }
}

TEST(mine_rank_window, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(6, 8, 16), narrow = random_matrix<float>(6, 7, 16);
  mined_table<float> table(6, 2), few(5, 2);
  auto const mine = [&](auto const& candidates, index_t skip, auto& result) {
    mine_rank_window(policy(), x.view(), candidates.view(), skip, result.values.view(),
                     result.indices.view());
  };
  expect_refused([&] { mine(x, -1, table); },
                 "coupleface::mine_rank_window: skip is -1, but ranks are counted from 0");
  expect_refused([&] { mine(narrow, 1, table); },
                 "coupleface::mine_rank_window: width of candidates is 7, but width of queries is "
                 "8");
  expect_refused([&] { mine(x, 1, few); },
                 "coupleface::mine_rank_window: rows of values is 5, but rows of queries is 6");
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_rank_window, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const queries = random_matrix<float>(300, 12, 17),
             candidates = random_matrix<float>(7, 12, 1);
  mined_table<float> a(300, 10), b(300, 10);
  mine_rank_window(policy(), queries.view(), candidates.view(), 2, a.values.view(),
                   a.indices.view());
  allocation_count count, nearest;
  counting_allocator allocator(count), of_nearest(nearest);
  mine_rank_window(thrust::seq(allocator), queries.view(), candidates.view(), 2, b.values.view(),
                   b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  // mine_nearest's, and a table of all 7 candidates for each query.
  mined_table<float> seven(300, 7);
  coupleface::mine_nearest(thrust::seq(of_nearest), queries.view(), candidates.view(),
                           seven.values.view(), seven.indices.view(), coupleface::cosine{},
                           coupleface::other_rows{});
  EXPECT_EQ(count.bytes, nearest.bytes + 300 * 7 * 8);
  EXPECT_EQ(count.live, 0u);
}

TEST(mine_rank_window, long_tables_come_in_blocks_of_32_mebibytes) {
  // 4,096 slots of 8 bytes a query: 1,024 queries fit, 1,100 need two blocks.
  auto const queries = random_matrix<float>(1100, 2, 7),
             candidates = random_matrix<float>(4096, 2, 8);
  mined_table<float> table(1100, 1);
  allocation_count count;
  counting_allocator allocator(count);
  mine_rank_window(thrust::seq(allocator), queries.view(), candidates.view(), 4095,
                   table.values.view(), table.indices.view(), coupleface::cosine{},
                   coupleface::every_row{});
  EXPECT_GE(count.bytes, index_t(32) << 20);
  EXPECT_LT(count.bytes, index_t(160) << 20);  // the table, and two searches of at most 64 MiB
  auto const scores = all_relations<float>(queries, candidates);
  for (index_t const i : {0, 1023, 1024, 1099}) {  // the farthest of all
    auto const ranks = ranking(scores, i, [](index_t, index_t, double) { return true; });
    expect_row(table, i, {ranks.back()}, scores);
  }
}
#endif

}  // namespace
