// SPDX-License-Identifier: Apache-2.0
// mine_similarity_window: the nearest among the pairs whose stored relation lies in the window.
#include <coupleface/mining/similarity_window.hpp>

#include "../support/brute_force.hpp"
#include "../support/scratch_ceiling.hpp"

namespace {

using namespace coupleface_test;
using coupleface::mine_similarity_window;
using coupleface::similarity_window;

double const infinity = std::numeric_limits<double>::infinity();

template <class V, class Q, class C, class Relation, class Keep>
void expect_window(matrix<Q> const& queries, matrix<C> const& candidates, similarity_window window,
                   index_t k, Relation relation, Keep keep) {
  mined_table<V> table(queries.rows(), k);
  mine_similarity_window(policy(), queries.view(), candidates.view(), window, table.values.view(),
                         table.indices.view(), relation, keep);
  expect_ranked(table, all_relations<V>(queries, candidates, relation),
                [&](index_t q, index_t c, double score) {
                  return keep(q, c) && window.lowest <= score && score <= window.highest;
                });
}

TEST(mine_similarity_window, hand_computed) {
  // Cosines of row 0: 1 with row 1 (a duplicate), 0.6, 0 and -1.
  matrix<float> const x(5, 2, {1, 0, 2, 0, 3, 4, 0, 1, -1, 0});
  mined_table<double> table(5, 2);
  auto const mine = [&](similarity_window window) {
    mine_similarity_window(policy(), x.view(), x.view(), window, table.values.view(),
                           table.indices.view());
    return table.row(0);
  };
  EXPECT_EQ(mine({}), (std::vector<index_t>{1, 2}));
  EXPECT_EQ(mine({-infinity, 0.9}), (std::vector<index_t>{2, 3}));
  EXPECT_EQ(mine({0.1, 0.9}), std::vector<index_t>{2});
  EXPECT_EQ(table.values.get(0, 0), 0.6);
  EXPECT_EQ(table.values.get(0, 1), -infinity);
  EXPECT_EQ(mine({0, 0}), std::vector<index_t>{3});  // both bounds are included
  EXPECT_EQ(mine({-1, -1}), std::vector<index_t>{4});
  EXPECT_EQ(mine({0.7, 0.9}), std::vector<index_t>{});
}

TEST(mine_similarity_window, every_shape_window_and_relation) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    auto const queries = rows_with_everything<float>(n, d, 1);
    auto const candidates = rows_with_everything<float>(m, d, 2);
    for (similarity_window const window :
         {similarity_window{}, similarity_window{-infinity, 0.5}, similarity_window{0.0, 0.0},
          similarity_window{-0.25, 0.3}, similarity_window{2.0, 3.0}}) {
      expect_window<float>(queries, candidates, window, k, coupleface::cosine{},
                           coupleface::other_rows{});
      expect_window<double>(queries, queries, window, k, coupleface::cosine{},
                            coupleface::other_rows{});
      expect_window<float>(queries, candidates, window, k, coupleface::inner_product{},
                           coupleface::every_row{});
    }
    expect_window<double>(queries, candidates, {-9.0, -2.0}, k, taxicab{}, coupleface::every_row{});
    expect_window<float>(queries, queries, {-5.0, -1.0}, k, coupleface::negative_squared_distance{},
                         [](index_t q, index_t c) { return (q + c) % 3 != 1; });
  }
}

TEST(mine_similarity_window, bounds_apply_to_the_stored_value) {
  // Each relation's float is a bound in turn, then its neighbours are.
  auto const x = random_matrix<double>(40, 5, 3);
  auto const scores = all_relations<float>(x, x);
  for (index_t i = 0; i < 40; i += 3) {
    float const at = scores.get(i, (i + 1) % 40);
    for (double const highest : {double(at), double(std::nextafter(at, -9.0f))}) {
      expect_window<float>(x, x, {-infinity, highest}, 4, coupleface::cosine{},
                           coupleface::every_row{});
    }
    expect_window<float>(x, x, {double(at), infinity}, 40, coupleface::cosine{},
                         coupleface::every_row{});
    expect_window<float>(x, x, {std::nextafter(double(at), 9.0), infinity}, 40,
                         coupleface::cosine{}, coupleface::every_row{});
  }
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_similarity_window, labels) {
  auto const x = random_matrix<coupleface::bfloat16>(90, 6, 3);
  auto const labels = random_labels(90, 5, 4);
  expect_window<float>(x, x, {-0.5, 0.7}, 9, coupleface::cosine{},
                       coupleface::other_labels(labels.vector(), labels.vector()));
}
#endif

TEST(mine_similarity_window, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(6, 8, 16), narrow = random_matrix<float>(6, 7, 16);
  mined_table<float> table(6, 2), few(5, 2);
  auto const mine = [&](auto const& candidates, similarity_window window, auto& result) {
    mine_similarity_window(policy(), x.view(), candidates.view(), window, result.values.view(),
                           result.indices.view());
  };
  expect_refused(
      [&] {
        mine(x, {0.5, 0.25}, table);
      },
      "coupleface::mine_similarity_window: the window goes from 0.500000 to 0.250000");
  for (double const bound : {-1.0, std::nan("")}) {
    double const other = std::isnan(bound) ? 1.0 : std::nan("");
    EXPECT_THROW(mine(x, {bound, other}, table), std::invalid_argument);
  }
  expect_refused([&] { mine(narrow, {}, table); },
                 "coupleface::mine_similarity_window: width of candidates is 7, but width of "
                 "queries is 8");
  EXPECT_THROW(mine(x, {}, few), std::invalid_argument);
  EXPECT_TRUE(table.untouched() && few.untouched());
}

#if !COUPLEFACE_HAS_KERNELS  // reads what is in the policy's memory
TEST(mine_similarity_window, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const x = rows_with_everything<float>(500, 12, 17);
  mined_table<float> a(500, 10), b(500, 10);
  allocation_count count;
  counting_allocator allocator(count);
  similarity_window const window{-0.1, 0.4};
  mine_similarity_window(policy(), x.view(), x.view(), window, a.values.view(), a.indices.view());
  mine_similarity_window(thrust::seq(allocator), x.view(), x.view(), window, b.values.view(),
                         b.indices.view());
  EXPECT_TRUE(a.same_bits(b));
  expect_scratch_within(count, scratch_of_nearest(x, x, 10));
}
#endif

}  // namespace
