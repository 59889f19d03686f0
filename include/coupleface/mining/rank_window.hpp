// SPDX-License-Identifier: Apache-2.0
// coupleface: the nearest candidates from a given rank on. The very nearest may be the same person.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/rank_window.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <string>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The candidates of ranks skip ... skip + K - 1 of every query, counted from 0.
///
/// Slot k is slot skip + k of mine_nearest's table with skip + K slots, bit for bit; skip = 0 is
/// mine_nearest. Ranks beyond the kept candidates are empty slots: -1 and -infinity.
///
/// @param policy any Thrust execution policy
/// @param queries [n, d] rows
/// @param candidates [m, d] rows
/// @param skip how many of the nearest to skip, not negative; may exceed m
/// @param values [n, K] result, float or double: the relations
/// @param indices [n, K] result, rows of `candidates`; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @param keep which pair may be mined: other_rows (default), other_labels, both(...), or your own
/// @throws std::invalid_argument if the shapes do not fit, skip is negative, or m exceeds the index
///   type
/// @complexity mine_nearest's with skip + K slots; the skipped ranks must be found too
/// @scratch mine_nearest's for one block of queries, norms for all, and the block's
///   table: min(skip + K, m) slots a query for as many queries as fit into 32 MiB, at least one
/// @determinism bit-identical for any policy, thread count and blocking
/// Source: ours.
template <class Policy, class Q, class C, class V, class I, class Relation = cosine,
          class Keep = other_rows>
void mine_rank_window(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                      index_t skip, matrix_view<V> values, matrix_view<I> indices,
                      Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("mine_rank_window");
  COUPLEFACE_EXPECT_MINING("mine_rank_window", Policy, Q, C, V, I);
  detail::check_mining_arguments("mine_rank_window", queries, candidates, values, indices, keep);
  if (skip < 0) {
    detail::fail("mine_rank_window",
                 "skip is " + std::to_string(skip) + ", but ranks are counted from 0");
  }
  detail::mine_rank_window(policy, matrix_view<Q const>(queries), matrix_view<C const>(candidates),
                           skip, values, indices, relation, keep);
}

COUPLEFACE_NAMESPACE_END
