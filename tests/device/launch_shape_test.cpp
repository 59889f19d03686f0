// SPDX-License-Identifier: Apache-2.0
// How kernels are started: plain arithmetic.
#include <coupleface/detail/device_launch_shape.hpp>
#include <coupleface/element.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace {

namespace detail = coupleface::detail;
using coupleface::index_t;

TEST(launch_shape, quotients_are_rounded_up) {
  EXPECT_EQ(detail::rounded_up_quotient(0, 7), 0);
  EXPECT_EQ(detail::rounded_up_quotient(1, 7), 1);
  EXPECT_EQ(detail::rounded_up_quotient(7, 7), 1);
  EXPECT_EQ(detail::rounded_up_quotient(8, 7), 2);
  EXPECT_EQ(detail::rounded_up_quotient(std::numeric_limits<index_t>::max(), 1),
            std::numeric_limits<index_t>::max());
}

TEST(launch_shape, every_item_has_a_place_and_a_grid_its_limit) {
  for (index_t const items : {0, 1, 31, 32, 33, 1000000}) {
    auto const shape = detail::shape_for(items, 32, 128, 64);
    EXPECT_GE(shape.blocks * 32, items);
    EXPECT_LT((shape.blocks - 1) * 32, items);
    EXPECT_EQ(shape.threads, 128);
    EXPECT_EQ(shape.shared_bytes, 64);
  }
  EXPECT_EQ(detail::shape_for(index_t(1) << 40, 4, 128).blocks, detail::most_blocks);
}

TEST(launch_shape, vectors_have_sixteen_bytes_and_teams_all_lanes) {
  using coupleface::bfloat16;
  using coupleface::float16;
  static_assert(detail::vector_elements<float> == 4);
  static_assert(detail::vector_elements<double> == 2);
  static_assert(detail::vector_elements<float16> == 8);
  static_assert(detail::vector_elements<float16, bfloat16> == 8);
  static_assert(detail::vector_elements<float16, float> == 4);
  static_assert(detail::vector_elements<float, double> == 2);
  for (int const elements : {2, 4, 8}) {
    EXPECT_EQ(detail::team_threads(elements) * elements, 16);
    EXPECT_EQ(detail::warp_threads % detail::team_threads(elements), 0);
  }
}

TEST(launch_shape, gathered_rows_fit_and_lie_apart) {
  for (index_t const element : {2, 4, 8}) {
    index_t const teams = 128 / detail::team_threads(int(16 / element));
    for (index_t const width : {1, 7, 64, 512, 1000, 3000, 6000, 100000}) {
      auto const shape = detail::gathered_shape_for(teams, 16, width, element);
      EXPECT_LE(shape.shared_bytes, detail::most_shared_bytes);
      EXPECT_GE(shape.rows, 1);
      EXPECT_LE(shape.rows, teams);
      EXPECT_GE(shape.rows_begin, 16 * teams + (shape.direction_in_shared ? 8 * width : 0));
      EXPECT_EQ(shape.rows_begin % 16, 0);
      if (shape.row_bytes == 0) { continue; }  // read again
      EXPECT_GE(shape.row_bytes, width * element);
      EXPECT_EQ(shape.row_bytes % 128, 64);
      EXPECT_EQ(shape.shared_bytes, shape.rows_begin + shape.rows * shape.row_bytes);
    }
  }
  auto const usual = detail::gathered_shape_for(32, 16, 512, 4);
  EXPECT_TRUE(usual.direction_in_shared);
  EXPECT_EQ(usual.rows, 21);
  EXPECT_FALSE(detail::gathered_shape_for(32, 16, 4000, 4).direction_in_shared);
  EXPECT_EQ(detail::gathered_shape_for(32, 16, 4000, 4).row_bytes, 0);
  auto const no_gradient = detail::gathered_shape_for(32, 16, 0, 4);
  EXPECT_EQ(no_gradient.rows, 32);
  EXPECT_EQ(no_gradient.shared_bytes, 32 * 16);
}

}  // namespace
