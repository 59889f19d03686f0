// SPDX-License-Identifier: Apache-2.0
// coupleface: mining by labels, within a batch or against a bank.
#pragma once

#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/search/pair_search.hpp>
#include <coupleface/detail/search/scored_rows.hpp>

#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Policy, class Q, class C, class L, class V, class I, class Relation, class Keep>
void mine_labelled(Policy const& policy, char const* function, matrix_view<Q const> queries,
                   matrix_view<C const> candidates, vector_view<L const> labels, index_t classes,
                   matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep) {
  if constexpr (is_host_policy_v<Policy>) { expect_ids(function, "labels", labels, classes); }
  (void)function, (void)classes;
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, candidates, relation);
  search_pairs(policy, rows.score(), keep, values, indices);
}

/// Number of classes for labels that do not index rows: every nonnegative label is valid.
inline constexpr index_t any_class = std::numeric_limits<index_t>::max();

}  // namespace detail
COUPLEFACE_NAMESPACE_END
