// SPDX-License-Identifier: Apache-2.0
// coupleface: the k largest elements of every row, with one defined order.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/top_k.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The k largest scores of every row, in descending order, exactly.
///
/// Ties go to the smaller column; NaN comes after every number; slots beyond the row's length hold
/// value -infinity and index -1. k is the number of columns of the outputs; any k is allowed.
///
/// @param policy any Thrust execution policy
/// @param scores [n, m]
/// @param values [n, k] result; the element type must be able to hold every score exactly
/// @param indices [n, k] result, columns of `scores`; signed integers
/// @throws std::invalid_argument if the shapes do not fit or m exceeds the index type
/// @complexity O(n m log k) in the worst case, about O(n (m + k log k log(m/k))) for scores in
///   random order
/// @scratch none: the outputs are the heaps
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class S, class V, class I>
void top_k(Policy const& policy, matrix_view<S> scores, matrix_view<V> values,
           matrix_view<I> indices) {
  detail::device_call<Policy> const call("top_k");
  COUPLEFACE_EXPECT_POLICY("top_k", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("top_k", "scores", S);
  COUPLEFACE_EXPECT_ELEMENTS("top_k", "values", V);
  COUPLEFACE_EXPECT_IDS("top_k", "indices", I);
  COUPLEFACE_EXPECT_OUTPUT("top_k", "values", V);
  COUPLEFACE_EXPECT_OUTPUT("top_k", "indices", I);
  static_assert(std::is_same_v<std::remove_cv_t<S>, V> || std::is_same_v<V, double> ||
                    (std::is_same_v<V, float> && !std::is_same_v<std::remove_cv_t<S>, double>),
                "coupleface::top_k: values cannot hold every score exactly");
  detail::expect_view("top_k", "scores", scores);
  detail::expect_same_shape("top_k", "indices", indices, "values", values);
  detail::expect_equal("top_k", "rows of values", values.extent(0), "rows of scores",
                       scores.extent(0));
  detail::expect_ids_fit<I>("top_k", "a row of scores", scores.extent(1));
  detail::top_k(policy, matrix_view<S const>(scores), values, indices);
}

COUPLEFACE_NAMESPACE_END
