// SPDX-License-Identifier: Apache-2.0
// coupleface: sums along rows. The canonical arithmetic that everything else agrees with.
//
// Products of the stored values are exact in double (fused for double storage) and summed in one
// fixed order, so a result depends on neither tile, side, thread count, compiler flags nor backend.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/rounded_product.hpp>
#include <coupleface/detail/simd/fma.hpp>
#include <coupleface/view.hpp>

#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int dot_lanes = 16;
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// acc + a b with one rounding, or with the product exact: the same bits with or without FMA.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double add_product(double acc, A const& a, B const& b) {
  if constexpr (std::is_same_v<A, double> || std::is_same_v<B, double>) {
    return std::fma(load(a), load(b), acc);
  } else {
    return acc + load(a) * load(b);
  }
}

// Halves are added until one lane is left; written out, so that every step is one vector's.
COUPLEFACE_HOST_DEVICE inline double fold(double (&lanes)[dot_lanes]) {
  for (int l = 0; l < 8; ++l) { lanes[l] += lanes[l + 8]; }
  for (int l = 0; l < 4; ++l) { lanes[l] += lanes[l + 4]; }
  for (int l = 0; l < 2; ++l) { lanes[l] += lanes[l + 2]; }
  return lanes[0] + lanes[1];
}

template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double dot(A const* a, B const* b, index_t width) {
  double lanes[dot_lanes] = {};
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    for (int l = 0; l < dot_lanes; ++l) { lanes[l] = add_product(lanes[l], a[j + l], b[j + l]); }
  }
  for (int l = 0; j + l < width; ++l) { lanes[l] = add_product(lanes[l], a[j + l], b[j + l]); }
  return fold(lanes);
}

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

// Squares of doubles can leave the range of double although the norm does not: scale by a power of
// two, which changes no digit.
inline constexpr double safe_square_min = 0x1p-960;
inline constexpr double safe_square_max = 0x1p1000;

template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double scaled_dot(A const* a, double a_scale, B const* b,
                                                double b_scale, index_t width) {
  double lanes[dot_lanes] = {};
  for (index_t j = 0; j < width; ++j) {
    lanes[j % dot_lanes] =
        std::fma(load(a[j]) * a_scale, load(b[j]) * b_scale, lanes[j % dot_lanes]);
  }
  return fold(lanes);
}

COUPLEFACE_HOST_DEVICE inline double power_of_two_scale(double magnitude) {
  int const exponent = std::ilogb(magnitude);
  return std::ldexp(1.0, exponent > 1000 ? -1000 : (exponent < -1000 ? 1000 : -exponent));
}

/// Who works on a row: one thread here, a group of a kernel's threads in cuda/row_team.cuh. What is
/// written in terms of a team has the same bits for any.
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
  /// f(j) for the columns that are this thread's.
  template <class Function>
  COUPLEFACE_HOST_DEVICE void columns(index_t width, Function f) const {
    for (index_t j = 0; j < width; ++j) { f(j); }
  }
  /// out[j] = f(in[j]...), rounded to R; rows may be the same. A function that takes vectors too,
  /// as rounded products want it, gets them.
  template <class R, class Function, class... In>
  COUPLEFACE_HOST_DEVICE void transform(R* out, index_t width, Function f, In const*... in) const {
    index_t j = 0;
    if constexpr (fma_vectors &&
                  (std::is_floating_point_v<R> && ... && std::is_floating_point_v<In>)) {
      if constexpr (std::is_invocable_v<Function, decltype(load_wide(in))...>) {
        for (; j + wide_lanes <= width; j += wide_lanes) {
          store_wide(out + j, f(load_wide(in + j)...));
        }
      }
    }
    for (; j < width; ++j) { out[j] = store<R>(f(load(in[j])...)); }
  }
  COUPLEFACE_HOST_DEVICE bool leads() const { return true; }  ///< one thread of a team does
  COUPLEFACE_HOST_DEVICE void wait() const {}                 ///< for what the others have written
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
