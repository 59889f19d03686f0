// SPDX-License-Identifier: Apache-2.0
// Views: extents, strides, conversion to const, and the checks every function makes of them.
#include <coupleface/error.hpp>
#include <coupleface/view.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <type_traits>

namespace {

using namespace coupleface;

TEST(matrix_view, rows_lie_a_stride_apart) {
  float x[] = {1, 2, 3, 4, 5, 6, 7, 8};
  auto const view = make_matrix_view(x, 2, 3, 4);
  EXPECT_EQ(view.extent(0), 2);
  EXPECT_EQ(view.extent(1), 3);
  EXPECT_EQ(view.stride(0), 4);
  EXPECT_EQ(view.stride(1), 1);
  EXPECT_EQ(view(1, 2), 7);
  view(1, 0) = -1;
  EXPECT_EQ(x[4], -1);
  EXPECT_EQ(make_matrix_view(x, 2, 3)(1, 2), 6);
}

TEST(matrix_view, offsets_are_64_bit) {
  // 5.8 M x 512 elements: addresses only, no memory is touched.
  std::size_t const size = 5800000ull * 512;
  void* const memory =
      ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto const view = make_matrix_view(static_cast<char*>(memory), 5800000, 512);
  EXPECT_EQ(view.row(5799999) - view.row(0), 5799999ll * 512);
  ::munmap(memory, size);
}

TEST(views, become_const_but_not_back) {
  static_assert(std::is_convertible_v<matrix_view<float>, matrix_view<float const>>);
  static_assert(!std::is_convertible_v<matrix_view<float const>, matrix_view<float>>);
  static_assert(!std::is_convertible_v<matrix_view<float>, matrix_view<double const>>);
  static_assert(std::is_convertible_v<vector_view<int>, vector_view<int const>>);
  static_assert(!std::is_convertible_v<vector_view<int const>, vector_view<int>>);
  static_assert(std::is_trivially_copyable_v<matrix_view<float>>);
  int y[] = {1, 2, 3};
  vector_view<int const> const view = make_vector_view(y, 3);
  EXPECT_EQ(view(2), 3);
  EXPECT_EQ(make_scalar_view(y)(), 1);
}

TEST(views, are_checked_before_use) {
  float x[4] = {};
  EXPECT_NO_THROW(detail::expect_view("f", "x", make_matrix_view(x, 2, 2)));
  EXPECT_NO_THROW(detail::expect_view("f", "x", matrix_view<float>(nullptr, 0, 5)));
  EXPECT_NO_THROW(detail::expect_view("f", "x", make_matrix_view(x, 1, 4, 0)));
  EXPECT_THROW(detail::expect_view("f", "x", matrix_view<float>(nullptr, 1, 5)),
               std::invalid_argument);
  EXPECT_THROW(detail::expect_view("f", "x", make_matrix_view(x, -1, 2)), std::invalid_argument);
  EXPECT_THROW(detail::expect_view("f", "x", make_vector_view(x, -1)), std::invalid_argument);
  try {
    detail::expect_view("f", "x", make_matrix_view(x, 2, 3, 2));
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(), "coupleface::f: x has row stride 2 but 3 columns");
  }
}

}  // namespace
