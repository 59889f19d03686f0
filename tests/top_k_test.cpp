// SPDX-License-Identifier: Apache-2.0
// top_k against a full stable sort.
#include <coupleface/top_k.hpp>

#include "support/counting_allocator.hpp"
#include "support/reference.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace {

using namespace coupleface_test;
using coupleface::top_k;

template <class T>
void expect_sorted_prefix(matrix<T> const& scores, index_t k) {
  index_t const n = scores.rows(), m = scores.columns();
  matrix<T> values(n, k, 1);
  matrix<std::int32_t> indices(n, k, 2);
  top_k(policy(), scores.view(), values.view(), indices.view());
  for (index_t i = 0; i < n; ++i) {
    std::vector<index_t> order(static_cast<std::size_t>(m));
    std::iota(order.begin(), order.end(), index_t(0));
    std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
      double const x = scores.at(i, a), y = scores.at(i, b);
      return std::isnan(y) ? !std::isnan(x) : x > y;
    });
    for (index_t j = 0; j < k; ++j) {
      if (j >= m) {
        EXPECT_EQ(indices.get(i, j), -1);
        EXPECT_EQ(values.at(i, j), -std::numeric_limits<double>::infinity());
        continue;
      }
      index_t const expected = order[static_cast<std::size_t>(j)];
      EXPECT_EQ(indices.get(i, j), expected) << n << " x " << m << ", k " << k;
      T const value = values.get(i, j), score = scores.get(i, expected);
      EXPECT_EQ(std::memcmp(&value, &score, sizeof(T)), 0);
    }
  }
}

TEST(top_k, hand_computed) {
  matrix<float> const scores(1, 5, {1, 7, 3, 7, 5});
  matrix<float> values(1, 3);
  matrix<std::int32_t> indices(1, 3);
  top_k(policy(), scores.view(), values.view(), indices.view());
  EXPECT_EQ(indices.get(0, 0), 1);
  EXPECT_EQ(indices.get(0, 1), 3);
  EXPECT_EQ(indices.get(0, 2), 4);
  EXPECT_EQ(values.at(0, 2), 5);
}

template <class T>
class top_k_types : public testing::Test {};
using element_types = testing::Types<float, double, coupleface::float16, coupleface::bfloat16>;
TYPED_TEST_SUITE(top_k_types, element_types);

TYPED_TEST(top_k_types, shapes_against_a_stable_sort) {
  for (auto const& [n, m] : shapes()) {
    for (index_t const k : {0, 1, 2, 7, 16, 100, 301}) {
      if (n <= 130) { expect_sorted_prefix(random_matrix<TypeParam>(n, m, 1, 3), k); }
    }
  }
}

TYPED_TEST(top_k_types, ties_nan_and_infinities) {
  std::mt19937 generator(2);
  double const inf = std::numeric_limits<double>::infinity();
  double const few[] = {0, 1, -1, inf, -inf, std::nan(""), -0.0};
  matrix<TypeParam> scores(20, 61);
  for (index_t i = 0; i < 20; ++i) {
    for (index_t j = 0; j < 61; ++j) {
      scores.set(i, j, few[generator() % (i < 10 ? 7u : 3u)]);
      if (i == 19) { scores.set(i, j, std::nan("")); }
    }
  }
  for (index_t const k : {1, 5, 60, 61, 64}) { expect_sorted_prefix(scores, k); }
}

TEST(top_k, ascending_and_descending_rows) {
  matrix<float> scores(2, 1000);
  for (index_t j = 0; j < 1000; ++j) {
    scores.set(0, j, double(j));
    scores.set(1, j, double(-j));
  }
  for (index_t const k : {1, 99, 1000}) { expect_sorted_prefix(scores, k); }
}

TEST(top_k, errors_name_the_sizes_and_write_nothing) {
  auto const scores = random_matrix<float>(3, 9, 3);
  matrix<float> values(3, 2);
  matrix<std::int32_t> indices(3, 3);
  EXPECT_THROW(top_k(policy(), scores.view(), values.view(), indices.view()),
               std::invalid_argument);
  matrix<float> two_rows(2, 2);
  matrix<std::int32_t> two_rows_indices(2, 2);
  EXPECT_THROW(top_k(policy(), scores.view(), two_rows.view(), two_rows_indices.view()),
               std::invalid_argument);
  auto const wide = random_matrix<float>(1, 200, 4);
  matrix<float> value(1, 1);
  matrix<std::int8_t> small(1, 1);
  try {
    top_k(policy(), wide.view(), value.view(), small.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(),
                 "coupleface::top_k: a row of scores has 200 rows, more than the "
                 "index type can number (127)");
  }
  EXPECT_TRUE(values.untouched() && indices.untouched() && small.untouched());
}

TEST(top_k, same_bits_for_every_policy_without_scratch) {
  auto const scores = random_matrix<float>(203, 97, 5);
  auto const host_scores = on_host(scores);
  matrix<float> a(203, 10);
  matrix<std::int32_t> a_indices(203, 10);
  host_matrix<float> b(203, 10);
  host_matrix<std::int32_t> b_indices(203, 10);
  allocation_count count;
  counting_allocator allocator(count);
  top_k(policy(), scores.view(), a.view(), a_indices.view());
  top_k(thrust::seq(allocator), host_scores.view(), b.view(), b_indices.view());
  EXPECT_TRUE(a.same_bits(b) && a_indices.same_bits(b_indices));
  EXPECT_EQ(count.bytes, 0u);
}

}  // namespace
