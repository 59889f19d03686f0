// SPDX-License-Identifier: Apache-2.0
// coupleface: the nearest candidates that stay clearly below each query's own positive, and so are
// unlikely to be unlabelled positives.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/relative_margin.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <limits>
#include <string>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The K most related candidates c of every query q with R(q, c) <= R(q, p) - margin
/// |R(q, p)|, p the query's positive.
///
/// The limit is computed in double and R(q, c) is compared as stored in `values`. The positive
/// itself is never mined. A query without a positive, or whose relation to it is not finite, mines
/// nothing. The table is mine_nearest's: descending, ties to the smaller index, empty slots -1 and
/// -infinity; it holds no NaN.
///
/// @param policy any Thrust execution policy
/// @param queries [n, d] rows
/// @param candidates [m, d] rows
/// @param positives [n] the row of `candidates` that is each query's positive, -1 = none
/// @param margin share of |R(q, p)| to stay below, finite, not negative; common: 0.05
/// @param values [n, K] result, float or double: the relations
/// @param indices [n, K] result, rows of `candidates`; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @param keep which pair may be mined: other_rows (default), other_labels, both(...), or your own
/// @throws std::invalid_argument if the shapes do not fit, margin is out of range, m exceeds the
///   index type or, on the host, a positive is not a row; before anything is written
/// @complexity mine_nearest's, and the exact value of every pair near or above its limit
/// @scratch mine_nearest's, and 8 n bytes: the limits
/// @determinism bit-identical for any policy and thread count
/// Source: ours, after the positive-aware limits of text retrieval.
template <class Policy, class Q, class C, class P, class V, class I, class Relation = cosine,
          class Keep = other_rows>
void mine_relative_margin(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                          vector_view<P> positives, double margin, matrix_view<V> values,
                          matrix_view<I> indices, Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("mine_relative_margin");
  COUPLEFACE_EXPECT_MINING("mine_relative_margin", Policy, Q, C, V, I);
  COUPLEFACE_EXPECT_IDS("mine_relative_margin", "positives", P);
  detail::check_mining_arguments("mine_relative_margin", queries, candidates, values, indices,
                                 keep);
  detail::expect_view("mine_relative_margin", "positives", positives);
  detail::expect_equal("mine_relative_margin", "size of positives", positives.extent(0),
                       "rows of queries", queries.extent(0));
  if (!(margin >= 0 && margin <= std::numeric_limits<double>::max())) {
    detail::fail("mine_relative_margin",
                 "margin is " + std::to_string(margin) + ", but must be finite and not negative");
  }
  detail::mine_relative_margin(policy, matrix_view<Q const>(queries),
                               matrix_view<C const>(candidates), vector_view<P const>(positives),
                               margin, values, indices, relation, keep);
}

COUPLEFACE_NAMESPACE_END
