// SPDX-License-Identifier: Apache-2.0
// coupleface: K random candidates for every query, the baseline for other strategies.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/random.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief K distinct candidates of every query, sampled uniformly from those that `keep` keeps.
///
/// The first K kept candidates in a pseudo-random order of all m that depends on seed and query
/// only; all of them if there are at most K. The table is mine_nearest's: each row descending by
/// relation, ties to the smaller index, NaN after every number, empty slots -1 and -infinity.
///
/// @param policy any Thrust execution policy
/// @param queries [n, d] rows
/// @param candidates [m, d] rows
/// @param seed of the order; another seed gives other candidates
/// @param values [n, K] result, float or double: the relations
/// @param indices [n, K] result, rows of `candidates`; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @param keep which pair may be mined: other_rows (default), other_labels, both(...), or your own
/// @throws std::invalid_argument if the shapes do not fit or m exceeds the index type
/// @complexity O(n K (d + 1 / share kept)); a query that keeps fewer than K calls `keep` m times
/// @scratch 8 (n + m) bytes: the rows' norms, once if both are the same rows
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class Q, class C, class V, class I, class Relation = cosine,
          class Keep = other_rows>
void mine_random(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                 std::uint64_t seed, matrix_view<V> values, matrix_view<I> indices,
                 Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("mine_random");
  COUPLEFACE_EXPECT_MINING("mine_random", Policy, Q, C, V, I);
  detail::check_mining_arguments("mine_random", queries, candidates, values, indices, keep);
  detail::mine_random(policy, matrix_view<Q const>(queries), matrix_view<C const>(candidates), seed,
                      values, indices, relation, keep);
}

COUPLEFACE_NAMESPACE_END
