// coupleface: one row against another. The canonical arithmetic that everything else agrees with.
//
// Products of the stored values are exact in double (fused for double storage) and summed in one
// fixed order, so a result depends on neither tile, side, thread count, compiler flags nor backend.
#pragma once

#include <coupleface/detail/element.hpp>
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
    if (std::isnan(largest)) { return largest; }
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

/// L2 norm of a row in double; NaN or infinity if an element is, or if the norm exceeds the largest
/// double.
template <class A>
COUPLEFACE_HOST_DEVICE inline double row_norm(A const* a, index_t width) {
  double const square = dot(a, a, width);
  if constexpr (std::is_same_v<A, double>) {
    if (square < safe_square_min || square > safe_square_max) {
      double const largest = largest_magnitude(a, width);
      if (largest == 0 || !std::isfinite(largest)) { return largest; }
      double const scale = power_of_two_scale(largest);
      return std::sqrt(scaled_dot(a, scale, a, scale, width)) / scale;
    }
  }
  return std::sqrt(square);
}

template <class A>
inline constexpr double smallest_normal = std::numeric_limits<accumulator_t<A>>::min();

/// A norm under the smallest normal number of the accumulator type makes a row degenerate: it has
/// no direction, its relations and gradients are 0.
template <class A>
COUPLEFACE_HOST_DEVICE inline bool is_degenerate(double norm) {
  return norm < smallest_normal<A>;
}

/// 1 / norm, 0 for a degenerate row, NaN for a row that is not finite.
template <class A>
COUPLEFACE_HOST_DEVICE inline double inverse_norm(double norm) {
  if (!std::isfinite(norm)) { return not_a_number; }
  return is_degenerate<A>(norm) ? 0.0 : 1.0 / norm;
}

COUPLEFACE_HOST_DEVICE inline double clamp_cosine(double c) {
  return c > 1.0 ? 1.0 : (c < -1.0 ? -1.0 : c);
}

/// Cosine from a canonical inner product and two canonical norms.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double cosine_of(A const* a, double a_norm, B const* b, double b_norm,
                                               index_t width, double inner) {
  if (!std::isfinite(a_norm) || !std::isfinite(b_norm)) { return not_a_number; }
  if (is_degenerate<A>(a_norm) || is_degenerate<B>(b_norm)) { return 0.0; }
  double const norms = a_norm * b_norm;
  if constexpr (std::is_same_v<A, double> || std::is_same_v<B, double>) {
    if (norms < safe_square_min || norms > safe_square_max) {
      double const a_scale = power_of_two_scale(a_norm);
      double const b_scale = power_of_two_scale(b_norm);
      return clamp_cosine(scaled_dot(a, a_scale, b, b_scale, width) /
                          ((a_norm * a_scale) * (b_norm * b_scale)));
    }
  }
  return clamp_cosine(inner / norms);
}

}  // namespace detail

/// @brief A row as relations see it: `width` elements and their L2 norm, computed once.
template <class T>
struct row {
  T const* data;
  index_t width;
  double norm;
};

namespace detail {

template <class T>
COUPLEFACE_HOST_DEVICE inline row<T> make_row(T const* data, index_t width) {
  return {data, width, row_norm(data, width)};
}

/// The canonical cosine of two rows.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double row_cosine(row<A> const& a, row<B> const& b) {
  return cosine_of(a.data, a.norm, b.data, b.norm, a.width, dot(a.data, b.data, a.width));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
