// SPDX-License-Identifier: Apache-2.0
// coupleface: how far a screened product can lie from the exact score.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/search/screen_kernel.hpp>
#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A float below x (x itself where that is -infinity or NaN), at most two units of its last place.
COUPLEFACE_HOST_DEVICE inline float next_below(double x) {
  float const nearest = static_cast<float>(x);
  std::uint32_t const bits = element_bits::bits_of(nearest);
  constexpr std::uint32_t of_minus_infinity = 0xff800000u, of_first_below_0 = 0x80000001u;
  if (is_nan(nearest) || bits == of_minus_infinity) { return nearest; }
  if (nearest == 0) { return element_bits::float_of(of_first_below_0); }
  return element_bits::float_of(bits >> 31 ? bits + 1 : bits - 1);
}
COUPLEFACE_HOST_DEVICE inline float next_above(double x) { return -next_below(-x); }

/// How far a screened product can lie from the score of rows whose norms are at most `magnitude`,
/// when packing moved no row by more than `residual`, so that the stored scores can be compared.
///
/// With u = a + r: |u v - a b| <= E (2 M + E), E = residual + float's rounding of the units; a
/// hundredth more of the residual, because a compiler may fuse a multiplication and an addition
/// when it packs and not when it measures, which turns ties. d products and sums, in any order, add
/// (d + 4) `unit` of the sum of magnitudes (float_unit where sums are rounded to nearest floats, 0
/// where they are exact) and the result 8 roundings; a tenth more covers the higher orders up to d
/// = 10^6, 2^-120 an element what underflows, 2^-22 M^2 the roundings of the exact value itself, so
/// that scores which are equal once stored are never told apart here.
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
