// SPDX-License-Identifier: Apache-2.0
// Products of panels: every kernel against a plain loop, both left sides, any depth.
#include <coupleface/detail/simd/panel_product.hpp>

#include "support/kernel_sets.hpp"
#include "support/reference.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace {

using namespace coupleface_test;
using namespace coupleface::detail;

/// `x` in panels, the last one filled up with zeros, and one row more.
template <class T>
std::vector<T> in_panels(matrix<T> const& x) {
  index_t const width = panel_width<T>;
  std::vector<T> result(std::size_t(rounded_up(x.columns(), width) * x.rows() + width), T(0));
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) {
      result[std::size_t((j / width * x.rows() + i) * width + j % width)] = T(x.at(i, j));
    }
  }
  return result;
}

template <class T>
void expect_product(T const* out, index_t stride, index_t depth, bool added,
                    std::function<double(index_t, index_t)> left,
                    std::function<double(index_t, index_t)> right) {
  for (index_t r = 0; r < product_rows; ++r) {
    for (index_t c = panel_width<T>; c < stride; ++c) { EXPECT_EQ(out[r * stride + c], T(0.5)); }
    for (index_t c = 0; c < panel_width<T>; ++c) {
      long double sum = added ? 0.5L : 0, magnitude = added ? 0.5L : 0;
      for (index_t k = 0; k < depth; ++k) {
        sum += (long double)(left(r, k)) * right(k, c);
        magnitude += std::fabs((long double)(left(r, k)) * right(k, c));
      }
      EXPECT_NEAR(out[r * stride + c], double(sum),
                  tolerance<T>(double(depth) + 2, double(magnitude)));
    }
  }
}

template <class T, class Rows, class Columns>
void expect_right_products(Rows by_rows, Columns by_columns) {
  index_t const width = panel_width<T>, stride = width + 3;
  for (index_t const depth : {0, 1, 7, 16, 31, 32, 33, 64, 101}) {
    auto const right = random_matrix<T>(depth, width, 1);
    auto const rows = random_matrix<T>(11, depth, 2);        // the last eight take part
    auto const columns = random_matrix<T>(depth, width, 3);  // columns 5 to 12
    auto const r = in_panels(right), a = in_panels(rows), b = in_panels(columns);
    for (bool const add : {false, true}) {
      std::vector<T> out(std::size_t(product_rows * stride), T(0.5)), other = out;
      by_rows(depth, a.data() + (depth > 0 ? 3 * width : 0), 11 * width, r.data(), out.data(),
              stride, add);
      expect_product<T>(
          out.data(), stride, depth, add, [&](index_t i, index_t k) { return rows.at(i + 3, k); },
          [&](index_t k, index_t c) { return right.at(k, c); });
      by_columns(depth, b.data() + (depth > 0 ? 5 : 0), 0, r.data(), other.data(), stride, add);
      expect_product<T>(
          other.data(), stride, depth, add,
          [&](index_t i, index_t k) { return columns.at(k, i + 5); },
          [&](index_t k, index_t c) { return right.at(k, c); });
    }
  }
}

template <class T>
class panel_types : public testing::Test {};
using accumulators = testing::Types<float, double>;
TYPED_TEST_SUITE(panel_types, accumulators);

TYPED_TEST(panel_types, every_set_of_kernels) {
  for_each_kernel_set([] {
    expect_right_products<TypeParam>(panel_product<left_side::rows, TypeParam>,
                                     panel_product<left_side::columns, TypeParam>);
  });
}

TYPED_TEST(panel_types, without_extensions) {
  using vector = plain_vector<TypeParam>;
  expect_right_products<TypeParam>(
      portable::product_by_blocks<vector, left_side::rows, TypeParam>,
      portable::product_by_blocks<vector, left_side::columns, TypeParam>);
}

}  // namespace
