// SPDX-License-Identifier: Apache-2.0
// Penalties: values, slopes, kinks, NaN.
#include <coupleface/settings/penalty.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace {

using namespace coupleface;

TEST(penalty, hand_computed) {
  EXPECT_DOUBLE_EQ(hinge{0.03}(0.05).value, 0.02);
  EXPECT_EQ(hinge{0.03}(0.05).slope, 1);
  EXPECT_EQ(hinge{0.03}(-5).value, 0);
  EXPECT_EQ(hinge{0.03}(-5).slope, 0);
  EXPECT_EQ(absolute{}(-2).value, 2);
  EXPECT_EQ(absolute{}(-2).slope, -1);
  EXPECT_EQ(squared{}(3).value, 9);
  EXPECT_EQ(squared{}(3).slope, 6);
  EXPECT_EQ(smooth_l1{2}(1).value, 0.25);
  EXPECT_EQ(smooth_l1{2}(1).slope, 0.5);
  EXPECT_EQ(smooth_l1{2}(-5).value, 4);
  EXPECT_EQ(smooth_l1{2}(-5).slope, -1);
  EXPECT_EQ(dead_zone{1}(-3).value, 2);
  EXPECT_EQ(dead_zone{1}(-3).slope, -1);
  EXPECT_EQ(dead_zone{1}(0.5).value, 0);
  EXPECT_EQ(active_share<hinge>{hinge{1}}(2).value, 1);
  EXPECT_EQ(active_share<hinge>{hinge{1}}(0).value, 0);
  EXPECT_EQ(active_share<absolute>{}(-1).value, 1);
}

TEST(penalty, settings_end_where_a_penalty_does) {
  EXPECT_TRUE(hinge{0}.valid() && dead_zone{0}.valid() && smooth_l1{1e-300}.valid());
  EXPECT_FALSE(hinge{-1e-300}.valid() || dead_zone{-1e-300}.valid() || smooth_l1{0}.valid());
}

TEST(penalty, slope_is_zero_at_a_kink) {
  EXPECT_EQ(hinge{0.5}(0.5).slope, 0);
  EXPECT_EQ(absolute{}(0).slope, 0);
  EXPECT_EQ(dead_zone{0.5}(0.5).slope, 0);
  EXPECT_EQ(dead_zone{0.5}(-0.5).slope, 0);
}

template <class Penalty>
void expect_derivative(Penalty penalty) {
  for (double const x : {-1.7, -0.31, -0.02, 0.013, 0.2, 1.3}) {
    double const numeric = (penalty(x + 1e-6).value - penalty(x - 1e-6).value) / 2e-6;
    EXPECT_NEAR(penalty(x).slope, numeric, 1e-8) << x;
  }
}

TEST(penalty, slope_is_the_derivative) {
  expect_derivative(hinge{0.03});
  expect_derivative(absolute{});
  expect_derivative(squared{});
  expect_derivative(smooth_l1{0.5});
  expect_derivative(dead_zone{0.1});
}

TEST(penalty, nan_and_infinity_are_never_hidden) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  auto const both = [](penalty_value p) { return std::isnan(p.value) && std::isnan(p.slope); };
  EXPECT_TRUE(both(hinge{}(nan)) && both(absolute{}(nan)) && both(squared{}(nan)));
  EXPECT_TRUE(both(smooth_l1{}(nan)) && both(dead_zone{}(nan)));
  EXPECT_TRUE(std::isnan(active_share<hinge>{}(nan).value));
  double const inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(hinge{}(inf).value, inf);
  EXPECT_EQ(absolute{}(-inf).value, inf);
}

}  // namespace
