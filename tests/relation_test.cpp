// SPDX-License-Identifier: Apache-2.0
// Relations of pairs and the matrix of all of them.
#include <coupleface/relation.hpp>

#include "support/counting_allocator.hpp"
#include "support/reference.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::relation_matrix;

TEST(relation_matrix, hand_computed) {
  matrix<float> const a(2, 2, {3, 4, 0, 0});
  matrix<float> const b(2, 2, {0, 2, -6, -8});
  matrix<float> r(2, 2);
  relation_matrix(policy(), a.view(), b.view(), r.view());
  EXPECT_FLOAT_EQ(r.at(0, 0), 0.8f);
  EXPECT_EQ(r.at(0, 1), -1);
  EXPECT_EQ(r.at(1, 0), 0);
  relation_matrix(policy(), a.view(), b.view(), r.view(), coupleface::inner_product{});
  EXPECT_EQ(r.at(0, 0), 8);
  EXPECT_EQ(r.at(0, 1), -50);
  relation_matrix(policy(), a.view(), b.view(), r.view(), coupleface::negative_squared_distance{});
  EXPECT_EQ(r.at(0, 0), -13);
  EXPECT_EQ(r.at(0, 1), -225);
  EXPECT_EQ(r.at(1, 0), -4);
}

template <class Pair>
class relation_types : public testing::Test {};
using element_pairs = testing::Types<std::pair<float, float>, std::pair<double, double>,
                                     std::pair<coupleface::float16, float>,
                                     std::pair<coupleface::bfloat16, coupleface::float16>>;
TYPED_TEST_SUITE(relation_types, element_pairs);

TYPED_TEST(relation_types, shapes_against_a_plain_loop) {
  for (auto const& [n, d] : shapes()) {
    if (n > 130) { continue; }
    auto const a = random_matrix<typename TypeParam::first_type>(n, d, 1, 2);
    auto const b = random_matrix<typename TypeParam::second_type>(n + 3, d, 2, 1);
    matrix<double> cosines(n, n + 3), products(n, n + 3), distances(n, n + 3);
    relation_matrix(policy(), a.view(), b.view(), cosines.view());
    relation_matrix(policy(), a.view(), b.view(), products.view(), coupleface::inner_product{});
    relation_matrix(policy(), a.view(), b.view(), distances.view(),
                    coupleface::negative_squared_distance{});
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < n + 3; ++j) {
        long double product = 0, distance = 0, magnitude = 0;
        for (index_t l = 0; l < d; ++l) {
          long double const x = a.at(i, l), y = b.at(j, l);
          product += x * y;
          distance += (x - y) * (x - y);
          magnitude += std::fabs(x * y);
        }
        double const terms = double(d) + 4;
        EXPECT_NEAR(cosines.at(i, j), double(reference_cosine(a, i, b, j)),
                    tolerance<double>(terms, 1));
        EXPECT_NEAR(products.at(i, j), double(product),
                    tolerance<double>(terms, double(magnitude)));
        EXPECT_NEAR(distances.at(i, j), -double(distance),
                    tolerance<double>(terms, double(distance)));
      }
    }
  }
}

TEST(relation_matrix, symmetric_to_the_last_bit_and_equal_for_equal_rows) {
  auto x = random_matrix<float>(90, 77, 3);
  for (index_t j = 0; j < 77; ++j) { x.set(40, j, x.at(11, j)); }
  matrix<float> r(90, 90);
  relation_matrix(policy(), x.view(), x.view(), r.view());
  for (index_t i = 0; i < 90; ++i) {
    EXPECT_EQ(r.at(i, i), 1);
    EXPECT_EQ(r.get(11, i), r.get(40, i));
    for (index_t j = 0; j < i; ++j) { EXPECT_EQ(r.get(i, j), r.get(j, i)); }
  }
}

TEST(relation_matrix, a_pair_has_the_same_bits_in_any_company) {
  auto const x = random_matrix<float>(70, 130, 4);
  matrix<float> whole(70, 70), part(1, 2);
  relation_matrix(policy(), x.view(), x.view(), whole.view());
  coupleface::matrix_view<float const> const row(x.view().row(63), 1, 130);
  coupleface::matrix_view<float const> const two(x.view().row(17), 2, 130);
  relation_matrix(policy(), row, two, part.view());
  EXPECT_EQ(part.get(0, 0), whole.get(63, 17));
  EXPECT_EQ(part.get(0, 1), whole.get(63, 18));
}

TEST(relation_matrix, near_rows_keep_their_distance) {
  // ||a||^2 + ||b||^2 - 2 ab in float would be 25 % off at distance 1e-3.
  matrix<float> a = random_matrix<float>(1, 512, 5), b(1, 512);
  for (index_t j = 0; j < 512; ++j) { b.set(0, j, a.at(0, j)); }
  b.set(0, 100, a.at(0, 100) + 1e-3);
  double const gap = b.at(0, 100) - a.at(0, 100);
  matrix<double> r(1, 1);
  relation_matrix(policy(), a.view(), b.view(), r.view(), coupleface::negative_squared_distance{});
  EXPECT_NEAR(r.at(0, 0), -gap * gap, 1e-20);
}

TEST(relation_matrix, degenerate_huge_and_broken_rows) {
  double const inf = std::numeric_limits<double>::infinity();
  matrix<float> const x(5, 2, {0, 0, 1e-42, 1e-42, 3e38, 3e38, std::nan(""), 0, inf, 1});
  matrix<float> const one(1, 2, {1, 1});
  matrix<float> r(5, 1);
  relation_matrix(policy(), x.view(), one.view(), r.view());
  EXPECT_EQ(r.at(0, 0), 0);
  EXPECT_EQ(r.at(1, 0), 0);
  EXPECT_EQ(r.at(2, 0), 1);
  EXPECT_TRUE(std::isnan(r.at(3, 0)) && std::isnan(r.at(4, 0)));
  matrix<double> const wide(2, 2, {1e300, 1e300, 1e-300, 0});
  matrix<double> s(2, 2);
  relation_matrix(policy(), wide.view(), wide.view(), s.view());
  EXPECT_NEAR(s.at(0, 0), 1, 1e-15);
  EXPECT_NEAR(s.at(0, 1), std::sqrt(0.5), 1e-15);
  EXPECT_NEAR(s.at(1, 1), 1, 1e-15);
}

TEST(relation_matrix, no_cosine_leaves_its_range) {
  // In double 3 / (sqrt(3) sqrt(3)) is more than 1.
  matrix<float> const x(2, 3, {1, 1, 1, -1, -1, -1});
  matrix<double> r(2, 2);
  relation_matrix(policy(), x.view(), x.view(), r.view());
  EXPECT_EQ(r.at(0, 0), 1);
  EXPECT_EQ(r.at(1, 1), 1);
  EXPECT_EQ(r.at(0, 1), -1);
  EXPECT_EQ(r.at(1, 0), -1);
}

TEST(relation_matrix, a_row_that_is_not_finite_breaks_even_that_of_a_row_without_a_direction) {
  matrix<double> const x(3, 2, {0, 0, std::nan(""), 1, 1, 0}), huge(1, 2, {1.5e308, 1.5e308});
  matrix<double> r(3, 3), of_huge(3, 1);
  relation_matrix(policy(), x.view(), x.view(), r.view());
  EXPECT_TRUE(std::isnan(r.at(0, 1)) && std::isnan(r.at(1, 0)));
  EXPECT_TRUE(std::isnan(r.at(2, 1)) && std::isnan(r.at(1, 2)));
  EXPECT_EQ(r.at(0, 2), 0);
  // Its elements are numbers, its norm exceeds the largest double.
  relation_matrix(policy(), x.view(), huge.view(), of_huge.view());
  for (index_t i = 0; i < 3; ++i) { EXPECT_TRUE(std::isnan(of_huge.at(i, 0))) << i; }
}

struct taxicab {
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double operator()(coupleface::row<A> a, coupleface::row<B> b) const {
    double sum = 0;
    for (index_t j = 0; j < a.width; ++j) {
      sum -= std::fabs(double(a.data[j]) - double(b.data[j]));
    }
    return sum;
  }
};

TEST(relation_matrix, takes_a_relation_of_yours) {
  matrix<float> const a(1, 3, {1, 2, 3});
  matrix<float> const b(1, 3, {2, 0, 3});
  matrix<float> r(1, 1);
  relation_matrix(policy(), a.view(), b.view(), r.view(), taxicab{});
  EXPECT_EQ(r.at(0, 0), -3);
  auto const x = random_matrix<float>(21, 13, 9), y = random_matrix<float>(34, 13, 10);
  auto const host_x = on_host(x), host_y = on_host(y);
  matrix<float> all(21, 34);
  host_matrix<float> expected(21, 34);
  relation_matrix(policy(), x.view(), y.view(), all.view(), taxicab{});
  relation_matrix(thrust::seq, host_x.view(), host_y.view(), expected.view(), taxicab{});
  EXPECT_TRUE(all.same_bits(expected));
}

TEST(relation_matrix, errors_name_the_sizes_and_write_nothing) {
  auto const a = random_matrix<float>(3, 4, 6);
  auto const b = random_matrix<float>(2, 5, 7);
  matrix<float> r(3, 2);
  try {
    relation_matrix(policy(), a.view(), b.view(), r.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(), "coupleface::relation_matrix: width of b is 5, but width of a is 4");
  }
  EXPECT_THROW(relation_matrix(policy(), a.view(), a.view(), r.view()), std::invalid_argument);
  EXPECT_TRUE(r.untouched());
}

TEST(relation_matrix, same_bits_for_every_policy_and_scratch_is_the_norms) {
  auto const x = random_matrix<float>(131, 50, 8);
  auto const host_x = on_host(x);
  matrix<float> first(131, 131);
  host_matrix<float> second(131, 131);
  allocation_count count;
  counting_allocator allocator(count);
  relation_matrix(policy(), x.view(), x.view(), first.view());
  relation_matrix(thrust::seq(allocator), host_x.view(), host_x.view(), second.view());
  EXPECT_TRUE(first.same_bits(second));
  EXPECT_EQ(count.bytes, 8u * (131 + 131));
  EXPECT_EQ(count.live, 0u);
}

}  // namespace
