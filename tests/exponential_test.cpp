// SPDX-License-Identifier: Apache-2.0
// The exponential behind the softmax: its bound, its ends, and what is exact.
#include <coupleface/detail/exponential.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace {

using coupleface::detail::exponential;

double relative_error(float x) {
  double const exact = std::exp(double(x));
  return std::fabs(double(exponential(x)) - exact) / exact;
}

TEST(exponential, every_289th_float_is_within_the_bound) {
  double worst = 0;
  for (float const end : {-86.0f, 88.0f}) {
    std::uint32_t const last = coupleface::element_bits::bits_of(end);
    for (std::uint32_t bits = last & 0x80000000u; bits <= last; bits += 289) {
      worst = std::max(worst, relative_error(coupleface::element_bits::float_of(bits)));
    }
    worst = std::max(worst, relative_error(end));
  }
  EXPECT_LE(worst, 0x1p-23);
}

TEST(exponential, around_the_halves_where_the_exponent_changes) {
  for (int n = -124; n <= 126; ++n) {
    float x = float((n + 0.5) * std::log(2.0));
    for (int step = 0; step < 20; ++step) { x = std::nextafter(x, -100.0f); }
    for (int step = 0; step < 40 && x >= -86.0f; ++step) {
      EXPECT_LE(relative_error(x), 0x1p-23) << x;
      x = std::nextafter(x, 100.0f);
    }
  }
}

TEST(exponential, ends) {
  float const infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(exponential(0.0f), 1.0f);
  EXPECT_EQ(exponential(-0.0f), 1.0f);
  EXPECT_EQ(exponential(-infinity), 0.0f);
  EXPECT_EQ(exponential(std::nextafter(-86.0f, -87.0f)), 0.0f);
  EXPECT_EQ(exponential(-std::numeric_limits<float>::max()), 0.0f);
  EXPECT_GT(exponential(-86.0f), std::numeric_limits<float>::min());
  for (std::uint32_t const nan : {0x7fc00000u, 0x7fc00001u, 0xffffffffu}) {
    EXPECT_TRUE(std::isnan(exponential(coupleface::element_bits::float_of(nan))));
  }
}

}  // namespace
