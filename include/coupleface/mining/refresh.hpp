// SPDX-License-Identifier: Apache-2.0
// coupleface: updates a table of mine_nearest when few rows have changed, as those of a feature
// bank do from step to step.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/refresh.hpp>
#include <coupleface/error.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Updates a table of mine_nearest after some rows have changed. The result equals
/// mine_nearest of the present rows, bit for bit.
///
/// The changed candidates are offered to every list. A list stays exact if it can be filled with
/// candidates that rank no later than its former last entry. Other queries, and those that changed
/// themselves, are searched again. If that would take more than half of the products of a full
/// search, everything is searched. The update pays off for up to about 0.1 % of the rows at K =
/// 100: each row is in K lists on average, and leaves most of them if it changes completely.
///
/// @param policy any Thrust execution policy; the changed ids, and one byte for each query, are
///   read on the host, so a call with a CUDA policy waits for its stream
/// @param queries [n, d] the present rows; with a CUDA policy on the device, like the candidates
/// @param candidates [m, d] the present rows; for class relations the same prototypes
/// @param changed_queries ids of all queries that have changed since the table was written; in any
///   order, repeats allowed; signed integers in the policy's memory
/// @param changed_candidates the same for candidates. If queries are the candidates, the rows of
///   both lists have changed, and either list may be empty
/// @param values [n, K] the table, from mine_nearest or from this function
/// @param indices [n, K] the table's rows of `candidates`
/// @param relation the table's
/// @param keep the table's, with the same answer for every pair
/// @returns how many queries were searched again; n after a full search
/// @throws std::invalid_argument if the shapes do not fit, a changed id is not a row or, on the
///   host, an index is outside [-1, m); before anything is written. After any other exception, such
///   as std::bad_alloc, the table must be mined again from the start
/// @complexity O((n c + s m) d) multiplications for c changed candidates and s queries searched
///   again; O(16 d) in double for every query
/// @scratch mine_nearest's, 32 MiB (1 GiB with a CUDA policy) and 9 bytes a row; the changed
///   candidates' rows: at most 1/64 of all
/// @determinism bit-identical for any policy, thread count and blocking
/// Source: ours.
template <class Policy, class Q, class C, class A, class B, class V, class I,
          class Relation = cosine, class Keep = other_rows>
index_t refresh_nearest(Policy const& policy, matrix_view<Q> queries, matrix_view<C> candidates,
                        vector_view<A> changed_queries, vector_view<B> changed_candidates,
                        matrix_view<V> values, matrix_view<I> indices, Relation relation = {},
                        Keep keep = {}) {
  detail::device_call<Policy> const call("refresh_nearest");
  COUPLEFACE_EXPECT_MINING("refresh_nearest", Policy, Q, C, V, I);
  COUPLEFACE_EXPECT_IDS("refresh_nearest", "changed_queries", A);
  COUPLEFACE_EXPECT_IDS("refresh_nearest", "changed_candidates", B);
  detail::check_mining_arguments("refresh_nearest", queries, candidates, values, indices, keep);
  detail::expect_view("refresh_nearest", "changed_queries", changed_queries);
  detail::expect_view("refresh_nearest", "changed_candidates", changed_candidates);
  auto const query_ids = detail::on_host(policy, changed_queries);
  auto const candidate_ids = detail::on_host(policy, changed_candidates);
  detail::expect_ids_inside("refresh_nearest", "changed_queries", query_ids.vector(), "queries",
                            queries.extent(0));
  detail::expect_ids_inside("refresh_nearest", "changed_candidates", candidate_ids.vector(),
                            "candidates", candidates.extent(0));
  if constexpr (detail::is_host_policy_v<Policy>) {
    detail::expect_table_ids("refresh_nearest", matrix_view<I const>(indices),
                             candidates.extent(0));
  }
  return detail::refresh_nearest(
      policy, matrix_view<Q const>(queries), matrix_view<C const>(candidates),
      detail::ordered_ids(query_ids.vector()), detail::ordered_ids(candidate_ids.vector()), values,
      indices, relation, keep);
}

COUPLEFACE_NAMESPACE_END
