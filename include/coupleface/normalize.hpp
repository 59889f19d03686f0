// SPDX-License-Identifier: Apache-2.0
// coupleface: rows divided by their L2 norm, and the gradient through that division.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Divides every row by its L2 norm.
///
/// y_i = x_i / ||x_i||. A row whose norm is 0 or below the smallest normal number becomes 0; a row
/// with a NaN or an infinity becomes NaN.
///
/// @param policy any Thrust execution policy
/// @param x [n, d] rows
/// @param y [n, d] result; may be `x` itself
/// @throws std::invalid_argument if the shapes differ
/// @complexity O(n d), one read and one write of every element
/// @scratch none
/// @determinism bit-identical for any policy and thread count
/// Source: stated (every relation of the paper is between unit vectors).
template <class Policy, class X, class Y>
void normalize_rows(Policy const& policy, matrix_view<X> x, matrix_view<Y> y) {
  detail::device_call<Policy> const call("normalize_rows");
  COUPLEFACE_EXPECT_POLICY("normalize_rows", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("normalize_rows", "x", X);
  COUPLEFACE_EXPECT_ELEMENTS("normalize_rows", "y", Y);
  COUPLEFACE_EXPECT_OUTPUT("normalize_rows", "y", Y);
  detail::expect_same_shape("normalize_rows", "y", y, "x", x);
  detail::normalize_rows(policy, matrix_view<X const>(x), y);
}

/// @brief Gradient of a loss with respect to the rows before normalize_rows.
///
/// With u = x_i / ||x_i|| and g = y_gradient_i: x_gradient_i = (g - (g . u) u) / ||x_i||; 0 for a
/// row whose norm is 0 or below the smallest normal number; NaN for a row that is not finite.
///
/// @param policy any Thrust execution policy
/// @param x [n, d] the rows that were normalised
/// @param y_gradient [n, d] gradient with respect to the normalised rows
/// @param x_gradient [n, d] result, overwritten; may be `y_gradient` itself
/// @throws std::invalid_argument if the shapes differ
/// @complexity O(n d)
/// @scratch none
/// @determinism bit-identical for any policy and thread count
/// Source: ours (chain rule).
template <class Policy, class X, class G, class R>
void normalize_rows_gradient(Policy const& policy, matrix_view<X> x, matrix_view<G> y_gradient,
                             matrix_view<R> x_gradient) {
  detail::device_call<Policy> const call("normalize_rows_gradient");
  COUPLEFACE_EXPECT_POLICY("normalize_rows_gradient", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("normalize_rows_gradient", "x", X);
  COUPLEFACE_EXPECT_ELEMENTS("normalize_rows_gradient", "y_gradient", G);
  COUPLEFACE_EXPECT_ELEMENTS("normalize_rows_gradient", "x_gradient", R);
  COUPLEFACE_EXPECT_OUTPUT("normalize_rows_gradient", "x_gradient", R);
  detail::expect_same_shape("normalize_rows_gradient", "y_gradient", y_gradient, "x", x);
  detail::expect_same_shape("normalize_rows_gradient", "x_gradient", x_gradient, "x", x);
  detail::normalize_rows_gradient(policy, matrix_view<X const>(x), matrix_view<G const>(y_gradient),
                                  x_gradient);
}

COUPLEFACE_NAMESPACE_END
