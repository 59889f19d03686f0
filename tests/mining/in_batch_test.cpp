// SPDX-License-Identifier: Apache-2.0
// mine_in_batch: the nearest rows of other classes in the batch.
#include <coupleface/mining/in_batch.hpp>

#include "../support/brute_force.hpp"
#include "../support/scratch_ceiling.hpp"

namespace {

using namespace coupleface_test;
using coupleface::mine_in_batch;
using ids = matrix<std::int32_t>;

template <class V, class X, class Relation, class Keep>
void expect_other_classes(matrix<X> const& x, ids const& labels, index_t k, Relation relation,
                          Keep keep) {
  mined_table<V> table(x.rows(), k);
  mine_in_batch(policy(), x.view(), labels.vector(), table.values.view(), table.indices.view(),
                relation, keep);
  expect_ranked(table, all_relations<V>(x, x, relation), [&](index_t q, index_t c, double) {
    auto const a = labels.get(0, q), b = labels.get(0, c);
    return a != b && a >= 0 && b >= 0 && keep(q, c);
  });
}

TEST(mine_in_batch, hand_computed) {
  matrix<float> const x(5, 2, {1, 0, 3, 4, 4, 3, 0, 1, 1, 0});
  ids const labels(1, 5, {7, 7, 2, 3, -1});
  mined_table<double> table(5, 2);
  mine_in_batch(policy(), x.view(), labels.vector(), table.values.view(), table.indices.view());
  EXPECT_EQ(table.row(0), (std::vector<index_t>{2, 3}));  // neither its own class nor the ignored
  EXPECT_EQ(table.values.get(0, 0), 0.8);
  EXPECT_EQ(table.row(2), (std::vector<index_t>{1, 0}));
  EXPECT_EQ(table.values.get(2, 0), 0.96);
  EXPECT_EQ(table.row(4), std::vector<index_t>{});
}

TEST(mine_in_batch, every_shape_and_relation) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    for (index_t const classes : {1, 2, 30}) {
      auto const x = rows_with_everything<float>(m, d, 1);
      auto const labels = random_labels(m, classes, 2);
      expect_other_classes<float>(x, labels, k, coupleface::cosine{}, coupleface::every_row{});
      expect_other_classes<double>(x, labels, k, coupleface::inner_product{},
                                   coupleface::every_row{});
      expect_other_classes<float>(x, labels, k, coupleface::negative_squared_distance{},
                                  [](index_t q, index_t c) { return c < q; });
    }
    (void)n;
  }
}

TEST(mine_in_batch, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(6, 8, 16);
  mined_table<float> table(6, 2), few(5, 2);
  auto const mine = [&](ids const& labels, auto& result) {
    mine_in_batch(policy(), x.view(), labels.vector(), result.values.view(), result.indices.view());
  };
  ids const labels(1, 6, {0, 1, 2, 3, 4, -1}), short_labels(1, 4, {0, 1, 2, 3});
  expect_refused([&] { mine(short_labels, table); },
                 "coupleface::mine_in_batch: size of labels is 4, but rows of embeddings is 6");
  expect_refused([&] { mine(labels, few); },
                 "coupleface::mine_in_batch: rows of values is 5, but rows of embeddings is 6");
  if (ids_are_checked) {
    EXPECT_THROW(mine(ids(1, 6, {0, 1, -2, 3, 4, 5}), table), std::invalid_argument);
  }
  auto const misfit = random_labels(3, 2, 18);
  EXPECT_THROW(mine_in_batch(policy(), x.view(), labels.vector(), table.values.view(),
                             table.indices.view(), coupleface::cosine{},
                             coupleface::other_labels(misfit.vector(), misfit.vector())),
               std::invalid_argument);
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_in_batch, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const x = rows_with_everything<float>(400, 12, 17);
  auto const labels = random_labels(400, 20, 2);
  mined_table<float> a(400, 10), b(400, 10);
  allocation_count count;
  counting_allocator allocator(count);
  mine_in_batch(policy(), x.view(), labels.vector(), a.values.view(), a.indices.view());
  mine_in_batch(thrust::seq(allocator), x.view(), labels.vector(), b.values.view(),
                b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  expect_scratch_within(count, scratch_of_nearest(x, x, 10));
}
#endif

}  // namespace
