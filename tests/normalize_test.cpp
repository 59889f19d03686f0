// SPDX-License-Identifier: Apache-2.0
// normalize_rows and its gradient.
#include <coupleface/normalize.hpp>

#include "support/gradient_check.hpp"
#include "support/reference.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::bfloat16;
using coupleface::float16;
using coupleface::normalize_rows;
using coupleface::normalize_rows_gradient;

TEST(normalize_rows, hand_computed) {
  matrix<float> const x(2, 2, {3, 4, 0, -2});
  matrix<float> y(2, 2);
  normalize_rows(policy(), x.view(), y.view());
  EXPECT_FLOAT_EQ(y.at(0, 0), 0.6f);
  EXPECT_FLOAT_EQ(y.at(0, 1), 0.8f);
  EXPECT_EQ(y.at(1, 0), 0);
  EXPECT_EQ(y.at(1, 1), -1);
}

template <class T>
class normalize_types : public testing::Test {};
using element_types = testing::Types<float, double, coupleface::float16, coupleface::bfloat16>;
TYPED_TEST_SUITE(normalize_types, element_types);

TYPED_TEST(normalize_types, shapes_against_a_plain_loop) {
  for (auto const& [n, d] : shapes()) {
    auto const x = random_matrix<TypeParam>(n, d, 1, 2);
    matrix<TypeParam> y(n, d, 5);
    normalize_rows(policy(), x.view(), y.view());
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < d; ++j) {
        // One rounding to the element type (2^-24 at least in half), and in double those of the
        // norm's sixteen sums, its root, the inverse and the product.
        double const size = std::fabs(y.at(i, j));
        EXPECT_NEAR(y.at(i, j), double(reference_unit(x, i, j)),
                    tolerance<TypeParam>(1, size) + tolerance<double>(double(d) / 16 + 8, size) +
                        (sizeof(TypeParam) == 2 ? 0x1p-24 : 0))
            << n << " x " << d;
      }
    }
  }
}

TYPED_TEST(normalize_types, in_place_and_padding_kept) {
  auto x = random_matrix<TypeParam>(9, 21, 2, 4);
  matrix<TypeParam> y(9, 21, 4);
  normalize_rows(policy(), x.view(), y.view());
  normalize_rows(policy(), x.view(), x.view());
  EXPECT_TRUE(x.same_bits(y));
}

TEST(normalize_rows, degenerate_and_broken_rows) {
  double const inf = std::numeric_limits<double>::infinity();
  matrix<float> const x(5, 2, {0, 0, 1e-42, 0, std::nan(""), 1, inf, 1, 3e38, 3e38});
  matrix<float> y(5, 2);
  normalize_rows(policy(), x.view(), y.view());
  for (index_t j = 0; j < 2; ++j) {
    EXPECT_EQ(y.at(0, j), 0);
    EXPECT_EQ(y.at(1, j), 0);
    EXPECT_TRUE(std::isnan(y.at(2, j)));
    EXPECT_TRUE(std::isnan(y.at(3, j)));
    EXPECT_NEAR(y.at(4, j), std::sqrt(0.5), 1e-7);
  }
}

TEST(normalize_rows, a_row_of_the_smallest_normal_norm_has_a_direction) {
  matrix<float> const x(1, 2, {0x1p-126, 0});
  matrix<float> y(1, 2);
  normalize_rows(policy(), x.view(), y.view());
  EXPECT_EQ(y.at(0, 0), 1);
  matrix<double> const doubles(2, 2, {0x1p-1022, 0, 1e-320, 0});
  matrix<double> units(2, 2);
  normalize_rows(policy(), doubles.view(), units.view());
  EXPECT_EQ(units.at(0, 0), 1);
  EXPECT_EQ(units.at(1, 0), 0);
}

TEST(normalize_rows, doubles_whose_squares_overflow_or_vanish) {
  matrix<double> const x(2, 2, {3e200, 4e200, 3e-200, 4e-200});
  matrix<double> y(2, 2);
  normalize_rows(policy(), x.view(), y.view());
  for (index_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(y.at(i, 0), 0.6, 1e-15);
    EXPECT_NEAR(y.at(i, 1), 0.8, 1e-15);
  }
}

TYPED_TEST(normalize_types, gradient_hand_computed) {
  matrix<TypeParam> const x(1, 2, {3, 4});
  matrix<float> const g(1, 2, {1, 0});
  matrix<double> gradient(1, 2);
  normalize_rows_gradient(policy(), x.view(), g.view(), gradient.view());
  // ((1, 0) - 0.6 (0.6, 0.8)) / 5
  EXPECT_NEAR(gradient.at(0, 0), 0.128, 1e-15);
  EXPECT_NEAR(gradient.at(0, 1), -0.096, 1e-15);
}

template <class In, class Gradient, class Out>
struct element_triple {
  using x = In;
  using g = Gradient;
  using y = Out;
};

template <class Types>
class normalize_elements : public testing::Test {};
using element_triples =
    testing::Types<element_triple<float, float, float>, element_triple<double, double, double>,
                   element_triple<float16, float16, float16>,
                   element_triple<bfloat16, bfloat16, bfloat16>,
                   element_triple<float, double, float16>, element_triple<float16, float, double>,
                   element_triple<double, bfloat16, float>, element_triple<bfloat16, float, float>>;
TYPED_TEST_SUITE(normalize_elements, element_triples);

// What is computed in double goes through d / 16 sums in lanes, a root, an inverse and a product or
// two; the result is rounded once to its type.
TYPED_TEST(normalize_elements, values_of_any_width) {
  using Y = typename TypeParam::y;
  index_t const n = 3;
  for (index_t const d : widths()) {
    auto const x = random_matrix<typename TypeParam::x>(n, d, 11, 1);
    matrix<Y> y(n, d, 3);
    normalize_rows(policy(), x.view(), y.view());
    auto const units = reference_units(on_host(x));
    auto const result = on_host(y);
    for (index_t i = 0; i < n; ++i) {
      for (index_t j = 0; j < d; ++j) {
        double const value = double(units[std::size_t(i * d + j)]);
        ASSERT_NEAR(
            result.at(i, j), value,
            storing_tolerance<Y>(value) + tolerance<double>(double(d) / 16 + 8, std::fabs(value)))
            << "(" << i << ", " << j << "), width " << d;
      }
    }
  }
}

// (g - (g . u) u) / |x|: both terms are at most as long as g.
TYPED_TEST(normalize_elements, gradients_of_any_width) {
  using R = typename TypeParam::y;
  index_t const n = 3;
  for (index_t const d : widths()) {
    auto const x = random_matrix<typename TypeParam::x>(n, d, 12, 1);
    auto const g = random_matrix<typename TypeParam::g>(n, d, 13, 2);
    matrix<R> gradient(n, d, 3);
    normalize_rows_gradient(policy(), x.view(), g.view(), gradient.view());
    auto const host_x = on_host(x);
    auto const host_g = on_host(g);
    auto const units = reference_units(host_x);
    auto const result = on_host(gradient);
    for (index_t i = 0; i < n; ++i) {
      long double const norm = reference_norm(host_x, i);
      double const size = double(reference_norm(host_g, i) / norm);
      long double along = 0;
      for (index_t j = 0; j < d; ++j) { along += host_g.at(i, j) * units[std::size_t(i * d + j)]; }
      for (index_t j = 0; j < d; ++j) {
        double const value =
            double((host_g.at(i, j) - along * units[std::size_t(i * d + j)]) / norm);
        ASSERT_NEAR(result.at(i, j), value,
                    storing_tolerance<R>(value) + tolerance<double>(double(d) / 16 + 16, size))
            << "(" << i << ", " << j << "), width " << d;
      }
    }
  }
}

TEST(normalize_rows_gradient, agrees_with_central_differences) {
  auto const x = random_matrix<double>(6, 11, 3);
  auto const weights = random_matrix<double>(6, 11, 4);
  matrix<double> gradient(6, 11);
  normalize_rows_gradient(policy(), x.view(), weights.view(), gradient.view());
  expect_gradient(x, gradient, [&](matrix<double> const& at) {
    matrix<double> y(6, 11);
    normalize_rows(policy(), at.view(), y.view());
    double sum = 0;
    for (index_t i = 0; i < 6; ++i) {
      for (index_t j = 0; j < 11; ++j) { sum += y.at(i, j) * weights.at(i, j); }
    }
    return sum;
  });
}

TEST(normalize_rows_gradient, degenerate_rows_get_zero_and_broken_ones_nan) {
  matrix<float> const x(3, 2, {0, 0, 1e-42, 0, std::nan(""), 1});
  auto const g = random_matrix<float>(3, 2, 5);
  matrix<float> gradient(3, 2);
  normalize_rows_gradient(policy(), x.view(), g.view(), gradient.view());
  for (index_t j = 0; j < 2; ++j) {
    EXPECT_EQ(gradient.at(0, j), 0);
    EXPECT_EQ(gradient.at(1, j), 0);
    EXPECT_TRUE(std::isnan(gradient.at(2, j)));
  }
}

TEST(normalize_rows, errors_name_the_sizes_and_write_nothing) {
  auto const x = random_matrix<float>(3, 4, 6);
  matrix<float> y(4, 3);
  try {
    normalize_rows(policy(), x.view(), y.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(), "coupleface::normalize_rows: y is 4 x 3, but x is 3 x 4");
  }
  coupleface::matrix_view<float> const null(nullptr, 3, 4);
  EXPECT_THROW(normalize_rows(policy(), x.view(), null), std::invalid_argument);
  coupleface::matrix_view<float> const overlapping(y.view().data_handle(), 3, 4, 2);
  EXPECT_THROW(normalize_rows(policy(), x.view(), overlapping), std::invalid_argument);
  EXPECT_THROW(normalize_rows_gradient(policy(), x.view(), x.view(), y.view()),
               std::invalid_argument);
  EXPECT_TRUE(y.untouched());
}

TEST(normalize_rows, same_bits_for_every_policy) {
  auto const x = random_matrix<float>(257, 45, 7);
  auto const g = random_matrix<float>(257, 45, 8);
  auto const host_x = on_host(x), host_g = on_host(g);
  matrix<float> a(257, 45), a_gradient(257, 45);
  host_matrix<float> b(257, 45), b_gradient(257, 45);
  normalize_rows(policy(), x.view(), a.view());
  normalize_rows(thrust::seq, host_x.view(), b.view());
  normalize_rows_gradient(policy(), x.view(), g.view(), a_gradient.view());
  normalize_rows_gradient(thrust::seq, host_x.view(), host_g.view(), b_gradient.view());
  EXPECT_TRUE(a.same_bits(b) && a_gradient.same_bits(b_gradient));
}

}  // namespace
