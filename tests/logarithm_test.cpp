// SPDX-License-Identifier: Apache-2.0
// The logarithm behind PKT: its bound for every exponent, near 1 and where the mantissa is split.
#include <coupleface/detail/logarithm.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace {

using coupleface::detail::logarithm;

/// The error as a share of what is documented, 2^-51 (1 + |log x|).
double share_of_bound(double x) {
  long double const exact = std::log((long double)(x));
  return double(std::fabs(logarithm(x) - exact) / (0x1p-51L * (1 + std::fabs(exact))));
}

TEST(logarithm, every_exponent) {
  std::mt19937_64 generator(1);
  for (int exponent = -1022; exponent <= 1023; ++exponent) {
    for (int i = 0; i < 40; ++i) {
      double const mantissa = 1 + double(generator() >> 12) * 0x1p-52;
      EXPECT_LE(share_of_bound(std::ldexp(mantissa, exponent)), 1) << mantissa << ", " << exponent;
    }
    EXPECT_LE(share_of_bound(std::ldexp(1.0, exponent)), 1) << exponent;
    EXPECT_LE(share_of_bound(std::ldexp(std::nextafter(2.0, 1.0), exponent)), 1) << exponent;
  }
}

TEST(logarithm, near_1) {
  EXPECT_EQ(logarithm(1.0), 0);
  for (int exponent = -52; exponent <= -2; ++exponent) {
    double const step = std::ldexp(1.0, exponent);
    for (double const x : {1 + step, 1 - step / 2, 1 + 0.75 * step}) {
      if (x == 1) { continue; }
      EXPECT_LE(share_of_bound(x), 1) << exponent;
      // There the error is a share of the result too, not of 1.
      double const exact = double(std::log((long double)(x)));
      EXPECT_NEAR(logarithm(x) / exact, 1, 0x1p-50) << exponent;
    }
  }
}

TEST(logarithm, where_the_mantissa_is_split) {
  for (int const exponent : {-1000, -1, 0, 1, 1000}) {
    double x = std::ldexp(std::sqrt(0.5), exponent);
    for (int step = 0; step < 20; ++step) { x = std::nextafter(x, 0.0); }
    for (int step = 0; step < 40; ++step) {
      EXPECT_LE(share_of_bound(x), 1) << exponent << ", " << step;
      x = std::nextafter(x, 2 * x);
    }
  }
}

TEST(logarithm, ends_and_nan) {
  EXPECT_LE(share_of_bound(std::numeric_limits<double>::min()), 1);
  EXPECT_LE(share_of_bound(std::numeric_limits<double>::max()), 1);
  EXPECT_TRUE(std::isnan(logarithm(std::nan(""))));
  EXPECT_TRUE(std::isnan(logarithm(-std::nan(""))));
}

}  // namespace
