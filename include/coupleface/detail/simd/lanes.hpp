// SPDX-License-Identifier: Apache-2.0
// coupleface: one step of a canonical sum along rows, and the sum of its lanes.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/rounded_product.hpp>
#include <coupleface/view.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int dot_lanes = 16;

// acc + a b with one rounding, or with an exact product: the same bits with or without FMA.
template <class A, class B>
COUPLEFACE_HOST_DEVICE COUPLEFACE_ALWAYS_INLINE double add_product(double acc, A const& a,
                                                                   B const& b) {
  if constexpr (std::is_same_v<A, double> || std::is_same_v<B, double>) {
    return std::fma(load(a), load(b), acc);
  } else {
    return acc + load(a) * load(b);
  }
}

// Adds halves until one lane is left; unrolled by hand so that each step is one vector operation.
COUPLEFACE_HOST_DEVICE inline double fold(double (&lanes)[dot_lanes]) {
  for (int l = 0; l < 8; ++l) { lanes[l] += lanes[l + 8]; }
  for (int l = 0; l < 4; ++l) { lanes[l] += lanes[l + 4]; }
  for (int l = 0; l < 2; ++l) { lanes[l] += lanes[l + 2]; }
  return lanes[0] + lanes[1];
}

/// Multiplies every element.
struct scaled_by {
  double factor;
  COUPLEFACE_HOST_DEVICE double operator()(double x) const { return x * factor; }
};

/// What project_gradient() does to one element: (g g_scale - x inverse along) inverse, 0 for a row
/// without a direction.
struct across_direction {
  double g_scale, along, inverse;
  COUPLEFACE_HOST_DEVICE double operator()(double g, double x) const {
    double const rest = rounded_product(g, g_scale) - rounded_product(x * inverse, along);
    return inverse == 0 ? 0.0 : rest * inverse;
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
