// SPDX-License-Identifier: Apache-2.0
// coupleface: some of the nearest candidates and some random ones.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/mixed.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <cstdint>
#include <string>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The `hard` nearest candidates of every query and K - hard random ones of the others.
///
/// The first `hard` slots are mine_nearest's. The other slots hold distinct candidates, sampled
/// uniformly from the kept ones that are not in the first. If there are fewer, slots stay empty.
/// Every random candidate ranks after the nearest, so the whole row is in mine_nearest's order.
///
/// @param policy any Thrust execution policy
/// @param queries [n, d] rows
/// @param candidates [m, d] rows
/// @param hard how many of the K slots are for the nearest, 0 ... K
/// @param seed of the random slots; they depend on it and on the query's index only
/// @param values [n, K] result, float or double: the relations
/// @param indices [n, K] result, rows of `candidates`; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @param keep which pair may be mined: other_rows (default), other_labels, both(...), or your own
/// @throws std::invalid_argument if the shapes do not fit, hard is not in [0, K], or m exceeds the
///   index type
/// @complexity mine_nearest's with `hard` slots, and mine_random's with K - hard
/// @scratch mine_nearest's
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class Q, class C, class V, class I, class Relation = cosine,
          class Keep = other_rows>
void mine_mixed(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                index_t hard, std::uint64_t seed, matrix_view<V> values, matrix_view<I> indices,
                Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("mine_mixed");
  COUPLEFACE_EXPECT_MINING("mine_mixed", Policy, Q, C, V, I);
  detail::check_mining_arguments("mine_mixed", queries, candidates, values, indices, keep);
  if (hard < 0 || hard > values.extent(1)) {
    detail::fail("mine_mixed", "hard is " + std::to_string(hard) + ", but columns of values is " +
                                   std::to_string(values.extent(1)));
  }
  detail::mine_mixed(policy, matrix_view<Q const>(queries), matrix_view<C const>(candidates), hard,
                     seed, values, indices, relation, keep);
}

COUPLEFACE_NAMESPACE_END
