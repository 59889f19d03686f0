// SPDX-License-Identifier: Apache-2.0
// A tile of the product of packed rows: where its sums lie, and how far they are from exact ones.
// On a device this measures its tensor cores.
#include <coupleface/detail/search/pair_search.hpp>

#include "../support/matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#if COUPLEFACE_HAS_KERNELS
namespace {

using namespace coupleface_test;
namespace detail = coupleface::detail;

template <class Element, bool in_float>
struct product_kernel {
  static constexpr int threads = detail::product_threads;
  coupleface::matrix_view<Element const> left, right;
  index_t left_first, right_first;
  coupleface::matrix_view<float> sums;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    detail::tile_product<Element, in_float> const product(
        left.data_handle(), left_first, left.extent(0), right.data_handle(), right_first,
        right.extent(0), left.extent(1));
    product.visit([&](int row, int column, float sum) { sums(row, column) = sum; });
  }
};

template <bool in_float = false, class Element>
matrix<float> product_of(matrix<Element> const& left, matrix<Element> const& right,
                         index_t left_first = 0, index_t right_first = 0) {
  matrix<float> sums(detail::tile_rows, detail::tile_rows);
  detail::launch(policy(), {1, detail::product_threads, detail::product_shared_bytes},
                 product_kernel<Element, in_float>{left.view(), right.view(), left_first,
                                                   right_first, sums.view()});
  return sums;
}

TEST(tile_product, threads_have_every_sum_once) {
  std::vector<int> owned(std::size_t(detail::tile_rows * detail::tile_rows), 0);
  for (int thread = 0; thread < detail::product_threads; ++thread) {
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 8; ++j) {
        for (int e = 0; e < 4; ++e) {
          ++owned[std::size_t(detail::sum_row(thread, i, e) * detail::tile_rows +
                              detail::sum_column(thread, j, e))];
        }
      }
    }
  }
  for (int const times : owned) { ASSERT_EQ(times, 1); }
}

template <class Element, bool in_float = false>
void expect_integers() {
  for (index_t const width : {0, 32, 96}) {
    std::mt19937 generator(static_cast<unsigned>(width));
    matrix<Element> left(131, width), right(200, width);
    for (auto* const side : {&left, &right}) {
      for (index_t i = 0; i < side->rows(); ++i) {
        for (index_t j = 0; j < width; ++j) { side->set(i, j, double(generator() % 9u) - 4); }
      }
    }
    auto const sums = product_of<in_float>(left, right, 128, 128);
    for (index_t i = 0; i < 3; ++i) {
      for (index_t j = 0; j < 72; ++j) {
        double exact = 0;
        for (index_t k = 0; k < width; ++k) { exact += left.at(128 + i, k) * right.at(128 + j, k); }
        ASSERT_EQ(sums.at(i, j), exact) << i << ", " << j << " of width " << width;
      }
    }
  }
}

TEST(tile_product, integers_are_exact) {
  expect_integers<coupleface::bfloat16>();
  expect_integers<coupleface::float16>();
  expect_integers<coupleface::bfloat16, true>();
  expect_integers<coupleface::float16, true>();
}

/// The allowance of screen_error for sums of products of this magnitude.
double allowance(index_t width, double magnitudes) {
  return 1.1 * (double(width) + 4) * detail::tensor_core_unit * magnitudes;
}

template <bool in_float, class Element>
void expect_allowed(matrix<Element> const& left, matrix<Element> const& right) {
  auto const sums = product_of<in_float>(left, right);
  auto const a = on_host(left), b = on_host(right);
  double largest_share = 0;
  for (index_t i = 0; i < left.rows(); ++i) {
    for (index_t j = 0; j < right.rows(); ++j) {
      double exact = 0, magnitudes = 0;
      for (index_t k = 0; k < left.columns(); ++k) {
        exact += a.at(i, k) * b.at(j, k);
        magnitudes += std::fabs(a.at(i, k) * b.at(j, k));
      }
      double const allowed = allowance(left.columns(), magnitudes);
      ASSERT_LE(std::fabs(sums.at(i, j) - exact), allowed);
      largest_share = std::max(largest_share, std::fabs(sums.at(i, j) - exact) / allowed);
    }
  }
  testing::Test::RecordProperty("largest_share_of_allowance", std::to_string(largest_share));
}

template <class Element, bool in_float = false>
void expect_allowed_whatever_is_added() {
  index_t const width = 512;
  auto const a = random_matrix<Element>(40, width, 1), b = random_matrix<Element>(50, width, 2);
  expect_allowed<in_float>(a, b);
  // Of one sign, so that what is cut off adds up; and one large term first, which hides the rest.
  matrix<Element> same(40, width), first(40, width);
  for (index_t i = 0; i < 40; ++i) {
    for (index_t k = 0; k < width; ++k) {
      same.set(i, k, 1 + std::fabs(a.at(i, k)) / 3);
      first.set(i, k, k == 0 ? 8 + double(i) / 64 : (1 + double(i) / 64) * 0x1p-12);
    }
  }
  expect_allowed<in_float>(same, same);
  expect_allowed<in_float>(first, first);
}

TEST(tile_product, sums_keep_to_their_allowance) {
  expect_allowed_whatever_is_added<coupleface::bfloat16>();
  expect_allowed_whatever_is_added<coupleface::float16>();
  expect_allowed_whatever_is_added<coupleface::bfloat16, true>();
  expect_allowed_whatever_is_added<coupleface::float16, true>();
}

TEST(tile_product, a_row_with_nan_is_nan_throughout) {
  auto left = random_matrix<coupleface::bfloat16>(128, 32, 3);
  auto const right = random_matrix<coupleface::bfloat16>(128, 32, 4);
  for (index_t k = 0; k < 32; ++k) { left.set(77, k, std::nan("")); }
  auto const sums = product_of(left, right);
  for (index_t j = 0; j < 128; ++j) {
    EXPECT_TRUE(std::isnan(sums.at(77, j)));
    EXPECT_FALSE(std::isnan(sums.at(76, j)));
  }
}

}  // namespace
#endif
