// SPDX-License-Identifier: Apache-2.0
// Products of panels: every kernel against a plain loop, both left sides, any depth.
#include <coupleface/detail/simd/avx512_bfloat16.hpp>
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

#if COUPLEFACE_VECTORS

double rounded(double x) { return double(float(coupleface::bfloat16(x))); }

TEST(bfloat16_pairs, rounded_to_nearest_and_ties_to_even) {
  if (best_kernels() < kernel_set::avx512) { GTEST_SKIP() << "no AVX-512"; }
  float const infinity = std::numeric_limits<float>::infinity();
  std::vector<float> row(32);
  for (std::size_t l = 0; l < row.size(); ++l) {
    row[l] = 1 + float(l) * 0x1p-9f;
  }  // ties: 2, 6 ...
  row[0] = infinity, row[1] = -infinity, row[3] = -0.0f, row[4] = 0x1p-140f, row[5] = 3.4e38f;
  std::vector<bfloat16_pair> along(16), across(32);
  pair_elements(row.data(), along.data());
  auto next = row;
  std::rotate(next.begin(), next.begin() + 1, next.end());
  pair_rows(row.data(), next.data(), across.data());
  for (std::size_t l = 0; l < 32; ++l) {
    std::uint32_t const expected = coupleface::bfloat16(row[l]).bits;
    EXPECT_EQ(along[l / 2] >> (l % 2 * 16) & 0xffffu, expected) << row[l];
    EXPECT_EQ(across[l] & 0xffffu, expected) << row[l];
    EXPECT_EQ(across[(l + 31) % 32] >> 16, expected) << row[l];
  }
  // A payload whose rounding would carry into the sign.
  std::vector<float> const nan(32, coupleface::element_bits::float_of(0x7fffffffu));
  pair_rows(nan.data(), nan.data(), across.data());
  EXPECT_TRUE(std::isnan(coupleface::element_bits::float_of(across[31] & 0xffff0000u)));
  EXPECT_TRUE(std::isnan(coupleface::element_bits::float_of(across[31] << 16)));
}

TEST(bfloat16_pairs, products) {
  if (best_kernels() < kernel_set::avx512_bf16) { GTEST_SKIP() << "no AVX512-BF16"; }
  index_t const width = panel_width<float>, stride = width + 3;
  for (index_t const pairs : {0, 1, 7, 15, 16, 17, 32, 51}) {
    index_t const depth = 2 * pairs, panels = rounded_up(pairs, panel_pairs) / panel_pairs;
    auto const right = random_matrix<float>(depth, width, 1);
    auto const rows = random_matrix<float>(11, panels * width, 2);  // the last eight take part
    auto const columns = random_matrix<float>(depth, width, 3);     // columns 5 to 12
    std::vector<bfloat16_pair> r(std::size_t(pairs * width + 1)), b(r.size());
    std::vector<bfloat16_pair> a(std::size_t(panels * 11 * panel_pairs + 1));
    for (index_t k = 0; k < pairs; ++k) {
      pair_rows(right.view().row(2 * k), right.view().row(2 * k + 1), r.data() + k * width);
      pair_rows(columns.view().row(2 * k), columns.view().row(2 * k + 1), b.data() + k * width);
    }
    for (index_t p = 0; p < panels; ++p) {
      for (index_t i = 0; i < 11; ++i) {
        pair_elements(rows.view().row(i) + p * width, a.data() + (p * 11 + i) * panel_pairs);
      }
    }
    for (bool const add : {false, true}) {
      std::vector<float> out(std::size_t(product_rows * stride), 0.5f), other = out;
      bfloat16_product<left_side::rows>(pairs, a.data() + (pairs > 0 ? 3 * panel_pairs : 0),
                                        11 * panel_pairs, r.data(), out.data(), stride, add);
      expect_product<float>(
          out.data(), stride, depth, add,
          [&](index_t i, index_t k) { return rounded(rows.at(i + 3, k)); },
          [&](index_t k, index_t c) { return rounded(right.at(k, c)); });
      bfloat16_product<left_side::columns>(pairs, b.data() + (pairs > 0 ? 5 : 0), 0, r.data(),
                                           other.data(), stride, add);
      expect_product<float>(
          other.data(), stride, depth, add,
          [&](index_t i, index_t k) { return rounded(columns.at(k, i + 5)); },
          [&](index_t k, index_t c) { return rounded(right.at(k, c)); });
    }
  }
}

#endif

}  // namespace
