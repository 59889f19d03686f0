// SPDX-License-Identifier: Apache-2.0
// coupleface: the nearest candidates with a relation below a limit; above it they may be the same
// person.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/similarity_window.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <limits>
#include <string>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief From `lowest` to `highest`, both included. NaN is in no window.
struct similarity_window {
  double lowest = -std::numeric_limits<double>::infinity();
  double highest = std::numeric_limits<double>::infinity();
  bool valid() const { return lowest <= highest; }
};

/// @brief The K most related candidates of every query with lowest <= R <= highest.
///
/// R is compared as stored in `values`. The table is mine_nearest's: descending, ties to the
/// smaller index, empty slots -1 and -infinity; it holds no NaN.
///
/// @param policy any Thrust execution policy
/// @param queries [n, d] rows
/// @param candidates [m, d] rows
/// @param window the same for all queries, in units of the relation; not NaN, lowest <= highest
/// @param values [n, K] result, float or double: the relations
/// @param indices [n, K] result, rows of `candidates`; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @param keep which pair may be mined: other_rows (default), other_labels, both(...), or your own
/// @throws std::invalid_argument if the shapes do not fit, the window is invalid, or m exceeds the
///   index type
/// @complexity mine_nearest's, and the exact value of every pair near or above `highest`
/// @scratch mine_nearest's
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class Q, class C, class V, class I, class Relation = cosine,
          class Keep = other_rows>
void mine_similarity_window(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                            similarity_window window, matrix_view<V> values, matrix_view<I> indices,
                            Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("mine_similarity_window");
  COUPLEFACE_EXPECT_MINING("mine_similarity_window", Policy, Q, C, V, I);
  detail::check_mining_arguments("mine_similarity_window", queries, candidates, values, indices,
                                 keep);
  if (!window.valid()) {
    detail::fail("mine_similarity_window", "the window goes from " + std::to_string(window.lowest) +
                                               " to " + std::to_string(window.highest));
  }
  detail::mine_similarity_window(policy, matrix_view<Q const>(queries),
                                 matrix_view<C const>(candidates), window.lowest, window.highest,
                                 values, indices, relation, keep);
}

COUPLEFACE_NAMESPACE_END
