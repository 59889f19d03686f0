// SPDX-License-Identifier: Apache-2.0
// coupleface: norms and cosines of rows. The canonical sums are in row_sums.hpp.
#pragma once

#include <coupleface/detail/row_sums.hpp>

#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// L2 norm of a row in double from its canonical square; NaN or infinity if an element is, or if
/// the norm exceeds the largest double.
template <class Team, class A>
COUPLEFACE_HOST_DEVICE inline double norm_of_square(Team const& team, A const* a, index_t width,
                                                    double square) {
  if constexpr (std::is_same_v<A, double>) {
    if (square < safe_square_min || square > safe_square_max) {
      double const largest = team.largest_magnitude(a, width);
      if (largest == 0 || !is_finite(largest)) { return largest; }
      double const scale = power_of_two_scale(largest);
      return std::sqrt(team.scaled_dot(a, scale, a, scale, width)) / scale;
    }
  }
  return std::sqrt(square);
}

template <class Team, class A>
COUPLEFACE_HOST_DEVICE inline double row_norm(Team const& team, A const* a, index_t width) {
  return norm_of_square(team, a, width, team.dot(a, a, width));
}

template <class A>
COUPLEFACE_HOST_DEVICE inline double row_norm(A const* a, index_t width) {
  return row_norm(one_thread{}, a, width);
}

template <class A>
inline constexpr double smallest_normal = std::numeric_limits<accumulator_t<A>>::min();

/// A row is degenerate if its norm is below the smallest normal number of the accumulator type: it
/// has no direction, its relations and gradients are 0.
template <class A>
COUPLEFACE_HOST_DEVICE inline bool is_degenerate(double norm) {
  return norm < smallest_normal<A>;
}

/// 1 / norm; 0 for a degenerate row, NaN for a row that is not finite.
template <class A>
COUPLEFACE_HOST_DEVICE inline double inverse_norm(double norm) {
  if (!is_finite(norm)) { return not_a_number; }
  return is_degenerate<A>(norm) ? 0.0 : 1.0 / norm;
}

COUPLEFACE_HOST_DEVICE inline double clamp_cosine(double c) {
  return c > 1.0 ? 1.0 : (c < -1.0 ? -1.0 : c);
}

/// Cosine from a canonical inner product and two canonical norms.
template <class Team, class A, class B>
COUPLEFACE_HOST_DEVICE inline double cosine_of(Team const& team, A const* a, double a_norm,
                                               B const* b, double b_norm, index_t width,
                                               double inner) {
  if (!is_finite(a_norm) || !is_finite(b_norm)) { return not_a_number; }
  if (is_degenerate<A>(a_norm) || is_degenerate<B>(b_norm)) { return 0.0; }
  double const norms = a_norm * b_norm;
  if constexpr (std::is_same_v<A, double> || std::is_same_v<B, double>) {
    if (norms < safe_square_min || norms > safe_square_max) {
      double const a_scale = power_of_two_scale(a_norm);
      double const b_scale = power_of_two_scale(b_norm);
      return clamp_cosine(team.scaled_dot(a, a_scale, b, b_scale, width) /
                          ((a_norm * a_scale) * (b_norm * b_scale)));
    }
  }
  return clamp_cosine(inner / norms);
}

template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double cosine_of(A const* a, double a_norm, B const* b, double b_norm,
                                               index_t width, double inner) {
  return cosine_of(one_thread{}, a, a_norm, b, b_norm, width, inner);
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
template <class Team, class A, class B>
COUPLEFACE_HOST_DEVICE inline double row_cosine(Team const& team, row<A> const& a,
                                                row<B> const& b) {
  return cosine_of(team, a.data, a.norm, b.data, b.norm, a.width,
                   team.dot(a.data, b.data, a.width));
}
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double row_cosine(row<A> const& a, row<B> const& b) {
  return row_cosine(one_thread{}, a, b);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
