// SPDX-License-Identifier: Apache-2.0
// coupleface: sums along rows, the canonical arithmetic that every other path must match.
//
// Products of the stored values are exact in double (fused for double storage) and summed in one
// fixed order, so a result does not depend on tile, side, thread count, compiler flags or backend.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/simd/row_kernels.hpp>
#include <coupleface/view.hpp>

#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class A>
COUPLEFACE_HOST_DEVICE inline double largest_magnitude(A const* a, index_t width) {
  double largest = 0;
  for (index_t j = 0; j < width; ++j) {
    double const magnitude = std::fabs(load(a[j]));
    if (!(magnitude <= largest)) { largest = magnitude; }
    if (is_nan(largest)) { return largest; }
  }
  return largest;
}

// Squares of doubles can overflow or underflow although the norm does not: scale by a power of two,
// which is exact.
inline constexpr double safe_square_min = 0x1p-960;
inline constexpr double safe_square_max = 0x1p1000;

COUPLEFACE_HOST_DEVICE inline double power_of_two_scale(double magnitude) {
  int const exponent = std::ilogb(magnitude);
  return std::ldexp(1.0, exponent > 1000 ? -1000 : (exponent < -1000 ? 1000 : -exponent));
}

/// A team: the threads that work on one row. One thread here, several threads of a kernel in
/// cuda/row_team.cuh. Code written for a team gives the same bits for any team size.
struct one_thread {
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double dot(A const* a, B const* b, index_t width) const {
    return detail::dot(a, b, width);
  }
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double scaled_dot(A const* a, double a_scale, B const* b, double b_scale,
                                           index_t width) const {
    return detail::scaled_dot(a, a_scale, b, b_scale, width);
  }
  template <class A>
  COUPLEFACE_HOST_DEVICE double largest_magnitude(A const* a, index_t width) const {
    return detail::largest_magnitude(a, width);
  }
  /// Calls f(j) for this thread's columns.
  template <class Function>
  COUPLEFACE_HOST_DEVICE void columns(index_t width, Function f) const {
    for (index_t j = 0; j < width; ++j) { f(j); }
  }
  /// out[j] = f(in[j]...), rounded to R; rows may be the same.
  template <class R, class Function, class... In>
  COUPLEFACE_HOST_DEVICE void transform(R* out, index_t width, Function f, In const*... in) const {
    detail::transform(out, width, f, in...);
  }

  COUPLEFACE_HOST_DEVICE bool leads() const { return true; }  ///< true for one thread of a team
  COUPLEFACE_HOST_DEVICE void wait() const {}                 ///< for the other threads' writes
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
