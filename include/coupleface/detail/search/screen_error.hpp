// SPDX-License-Identifier: Apache-2.0
// coupleface: how far a screened product can lie from the exact score.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/search/screen_panels.hpp>
#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A float below x, by at most two units in the last place; x itself if that is -infinity or NaN.
COUPLEFACE_HOST_DEVICE inline float next_below(double x) {
  float const nearest = static_cast<float>(x);
  std::uint32_t const bits = element_bits::bits_of(nearest);
  constexpr std::uint32_t of_minus_infinity = 0xff800000u, of_first_below_0 = 0x80000001u;
  if (is_nan(nearest) || bits == of_minus_infinity) { return nearest; }
  if (nearest == 0) { return element_bits::float_of(of_first_below_0); }
  return element_bits::float_of(bits >> 31 ? bits + 1 : bits - 1);
}
COUPLEFACE_HOST_DEVICE inline float next_above(double x) { return -next_below(-x); }

/// Bound on |screened product - score| for rows whose norms are at most `magnitude`, if packing
/// moved no row by more than `residual`. It also covers the comparison of stored scores.
///
/// With u = a + r: |u v - a b| <= E (2 M + E), where M = `magnitude` and E = residual + float
/// rounding of the units. The residual counts 1% more, because a compiler may fuse a multiplication
/// and an addition when packing but not when measuring, which changes how ties round. The d
/// products and sums, in any order, add (d + 4) `unit` of the sum of magnitudes, and the result
/// adds 8 roundings. `unit` is float_unit if sums are rounded to nearest floats, 0 if they are
/// exact. A further 10% covers the higher orders up to d = 10^6, 2^-120 per element covers
/// underflow, and 2^-22 M^2 covers the rounding of the exact value itself, so that the screen never
/// separates scores that are equal once stored.
COUPLEFACE_HOST_DEVICE inline double screen_error(index_t width, double magnitude, double residual,
                                                  double unit) {
  double const moved = residual * 1.01 + 2.02 * float_unit * magnitude + double(width) * 0x1p-140;
  double const largest = magnitude + moved;
  return moved * (2 * magnitude + moved) +
         1.1 * ((double(width) + 4) * unit + 8 * float_unit) * largest * largest +
         double(width) * 0x1p-120 + 0x1p-22 * magnitude * magnitude;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
