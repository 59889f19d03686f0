// SPDX-License-Identifier: Apache-2.0
// coupleface: mining of the nearest candidates whose relation is at most a limit.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/search/limited_score.hpp>
#include <coupleface/detail/search/pair_search.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/detail/top_k.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct same_limit {
  double value;
  COUPLEFACE_HOST_DEVICE double operator()(index_t) const { return value; }
};

/// Empties the slots of a ranked row, which has no NaN, whose value is below `lowest`.
template <class V, class I>
struct cut_below {
  double lowest;
  matrix_view<V> values;
  matrix_view<I> indices;
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    if (!team.leads()) { return; }
    for (index_t slot = values.extent(1); slot-- > 0 && !(values(i, slot) >= lowest);) {
      values(i, slot) = store<V>(no_score);
      indices(i, slot) = I(-1);
    }
  }
};

template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
void mine_similarity_window(Policy const& policy, matrix_view<Q const> queries,
                            matrix_view<C const> candidates, double lowest, double highest,
                            matrix_view<V> values, matrix_view<I> indices, Relation relation,
                            Keep keep) {
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, candidates, relation);
  using score_type = limited_score<relation_score<Q, C, Relation>, same_limit>;
  search_pairs(policy, score_type{rows.score(), {highest}}, keep, values, indices);
  for_each_row<Q, C>(policy, queries.extent(0), cut_below<V, I>{lowest, values, indices});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
