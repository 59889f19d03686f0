// SPDX-License-Identifier: Apache-2.0
// mine_from_bank: the nearest classes of a bank, without each sample's own.
#include <coupleface/mining/from_bank.hpp>

#include "../support/brute_force.hpp"
#include "../support/scratch_ceiling.hpp"

namespace {

using namespace coupleface_test;
using coupleface::mine_from_bank;
using ids = matrix<std::int32_t>;

template <class V, class X, class B, class Relation, class Keep>
void expect_other_classes(matrix<X> const& x, ids const& labels, matrix<B> const& bank, index_t k,
                          Relation relation, Keep keep) {
  mined_table<V> table(x.rows(), k);
  mine_from_bank(policy(), x.view(), labels.vector(), bank.view(), table.values.view(),
                 table.indices.view(), relation, keep);
  expect_ranked(table, all_relations<V>(x, bank, relation), [&](index_t q, index_t c, double) {
    return labels.get(0, q) >= 0 && labels.get(0, q) != c && keep(q, c);
  });
}

TEST(mine_from_bank, hand_computed) {
  matrix<float> const bank(3, 2, {1, 0, 3, 4, 0, 1});
  matrix<float> const x(3, 2, {2, 0, 1, 0, 1, 0});
  ids const labels(1, 3, {0, 2, -1});
  mined_table<double> table(3, 2);
  mine_from_bank(policy(), x.view(), labels.vector(), bank.view(), table.values.view(),
                 table.indices.view());
  EXPECT_EQ(table.row(0), (std::vector<index_t>{1, 2}));
  EXPECT_EQ(table.values.get(0, 0), 0.6);
  EXPECT_EQ(table.row(1), (std::vector<index_t>{0, 1}));
  EXPECT_EQ(table.row(2), std::vector<index_t>{});
}

TEST(mine_from_bank, every_shape_and_relation) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    auto const x = rows_with_everything<float>(n, d, 1);
    auto const bank = rows_with_everything<coupleface::float16>(m, d, 2);
    auto const labels =
        m == 0 ? ids(1, n, std::vector<double>(std::size_t(n), -1.0)) : random_labels(n, m, 3);
    expect_other_classes<float>(x, labels, bank, k, coupleface::cosine{}, coupleface::every_row{});
    expect_other_classes<double>(x, labels, bank, k, coupleface::inner_product{},
                                 coupleface::every_row{});
    expect_other_classes<float>(x, labels, bank, k, coupleface::negative_squared_distance{},
                                [](index_t q, index_t c) { return (q + c) % 2 == 0; });
  }
}

TEST(mine_from_bank, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(6, 8, 16), narrow = random_matrix<float>(9, 7, 16);
  auto const bank = random_matrix<float>(9, 8, 17);
  mined_table<float> table(6, 2), few(5, 2);
  auto const mine = [&](ids const& labels, auto const& classes, auto& result) {
    mine_from_bank(policy(), x.view(), labels.vector(), classes.view(), result.values.view(),
                   result.indices.view());
  };
  ids const labels(1, 6, {0, 1, 2, 3, 8, -1}), short_labels(1, 4, {0, 1, 2, 3});
  expect_refused([&] { mine(short_labels, bank, table); },
                 "coupleface::mine_from_bank: size of labels is 4, but rows of embeddings is 6");
  expect_refused([&] { mine(labels, narrow, table); },
                 "coupleface::mine_from_bank: width of bank is 7, but width of embeddings is 8");
  if (ids_are_checked) {
    ids const beyond(1, 6, {0, 1, 2, 9, 4, -1}), below(1, 6, {0, -2, 2, 3, 4, -1});
    expect_refused([&] { mine(beyond, bank, table); },
                   "coupleface::mine_from_bank: labels(3) is 9, outside [-1, 9)");
    expect_refused([&] { mine(below, bank, table); },
                   "coupleface::mine_from_bank: labels(1) is -2, outside [-1, 9)");
  }
  EXPECT_THROW(mine(labels, bank, few), std::invalid_argument);
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_from_bank, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const x = rows_with_everything<float>(400, 12, 17),
             bank = rows_with_everything<float>(90, 12, 1);
  auto const labels = random_labels(400, 90, 2);
  mined_table<float> a(400, 10), b(400, 10);
  allocation_count count;
  counting_allocator allocator(count);
  mine_from_bank(policy(), x.view(), labels.vector(), bank.view(), a.values.view(),
                 a.indices.view());
  mine_from_bank(thrust::seq(allocator), x.view(), labels.vector(), bank.view(), b.values.view(),
                 b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  expect_scratch_within(count, scratch_of_nearest(x, bank, 10));
}
#endif

}  // namespace
