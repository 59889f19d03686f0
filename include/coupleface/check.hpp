// SPDX-License-Identifier: Apache-2.0
// coupleface: opt-in checks that read their whole input and name the first bad element or label.
#pragma once

#include <coupleface/detail/check.hpp>
#include <coupleface/detail/device_call.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Throws if an element is NaN or infinite.
///
/// @param policy any Thrust execution policy; waits for the result
/// @param x [n, d]
/// @param name of `x` in the message
/// @throws std::invalid_argument naming the first such element, its value and the number of such
///   rows
/// @complexity O(n d)
/// @scratch 8 n bytes
/// @determinism the same message for any policy and thread count
/// Source: ours.
template <class Policy, class X>
void check_finite(Policy const& policy, matrix_view<X> x, char const* name = "x") {
  detail::device_call<Policy> const call("check_finite");
  COUPLEFACE_EXPECT_POLICY("check_finite", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("check_finite", "x", X);
  detail::expect_view("check_finite", name, x);
  detail::check_finite(policy, matrix_view<X const>(x), name);
}

/// @brief Throws if a label is outside [-1, classes); -1 means ignored.
///
/// @param policy any Thrust execution policy; waits for the result
/// @param labels [n]
/// @param classes C
/// @param name of `labels` in the message
/// @throws std::invalid_argument naming the first such label and its value
/// @complexity O(n)
/// @scratch none
/// @determinism the same message for any policy and thread count
/// Source: ours.
template <class Policy, class L>
void check_labels(Policy const& policy, vector_view<L> labels, index_t classes,
                  char const* name = "labels") {
  detail::device_call<Policy> const call("check_labels");
  COUPLEFACE_EXPECT_POLICY("check_labels", Policy);
  COUPLEFACE_EXPECT_IDS("check_labels", "labels", L);
  detail::expect_view("check_labels", name, labels);
  detail::check_labels(policy, vector_view<L const>(labels), classes, name);
}

COUPLEFACE_NAMESPACE_END
