// SPDX-License-Identifier: Apache-2.0
// coupleface: relations of all pairs of rows, with their derivatives, for losses over them.
//
// A pair loss takes cosine or inner_product (relation.hpp), one of those below, or your own
// function of the cosine:
//   penalty_value operator()(double cosine) const      its value and derivative
// which does not throw. It may have bool valid() const, which is called before anything is
// computed. With CUDA the operator is a host-device function.
#pragma once

#include <coupleface/detail/pairs/product_relation.hpp>
#include <coupleface/detail/settings.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/settings/penalty.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief R(a, b) = || a - b ||, with derivative 0 where a = b. Any floats have their distance;
/// of doubles, distances below about 1e-150 become 0, above 1e150 NaN or infinite. Source: stated
/// (RKD).
struct euclidean_distance {};

/// @brief R(a, b) = exp(-gamma || a^ - b^ ||^2) = exp(-2 gamma (1 - cos)), gamma > 0. Source:
/// stated (correlation congruence).
struct gaussian_kernel {
  double gamma = 0.4;
  bool valid() const { return gamma > 0; }
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double cosine) const {
    double const value = std::exp(-2 * gamma * (1 - cosine));
    return {value, 2 * gamma * value};
  }
};

/// @brief The Taylor series of gaussian_kernel around cos = 0, up to the power `order`, 1 to 8:
/// R = exp(-2 gamma) sum_{p = 0}^{order} (2 gamma cos)^p / p!. Source: stated; order 2 and
/// gamma = 0.4 too.
struct taylor_kernel {
  int order = 2;
  double gamma = 0.4;
  bool valid() const { return order >= 1 && order <= 8 && gamma > 0; }
};

namespace detail {

/// A polynomial of the cosine, of a degree that compilers see, so that they vectorise it.
struct polynomial_of_cosine {
  static constexpr int degree = 8;
  double coefficients[degree + 1] = {};

  explicit polynomial_of_cosine(taylor_kernel const& of) {
    double term = std::exp(-2 * of.gamma);
    for (int p = 0; p <= of.order && p <= degree; ++p) {
      coefficients[p] = term;
      term *= 2 * of.gamma / (p + 1);
    }
  }
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double cosine) const {
    double value = coefficients[degree], slope = 0;
    for (int p = degree - 1; p >= 0; --p) {
      slope = slope * cosine + value;
      value = value * cosine + coefficients[p];
    }
    return {value, slope};
  }
};

inline kernel_of_cosine<cosine_itself> product_relation(char const*, cosine) {
  return kernel_of_cosine<cosine_itself>({});
}
inline product_of_rows product_relation(char const*, inner_product) { return {}; }
inline distance_of_rows product_relation(char const*, euclidean_distance) { return {}; }
inline kernel_of_cosine<polynomial_of_cosine> product_relation(char const* function,
                                                               taylor_kernel kernel) {
  expect_valid(function, "a setting of the relation is out of range", kernel);
  return kernel_of_cosine<polynomial_of_cosine>(polynomial_of_cosine(kernel));
}
template <class Kernel>
kernel_of_cosine<Kernel> product_relation(char const* function, Kernel kernel) {
  expect_valid(function, "a setting of the relation is out of range", kernel);
  return kernel_of_cosine<Kernel>(kernel);
}

template <>
inline constexpr bool keeps_all<every_row> = true;
template <>
inline constexpr bool keeps_apart<other_rows> = true;

}  // namespace detail

COUPLEFACE_NAMESPACE_END
