// coupleface: the exact score of a pair by a team of threads, with the bits of one thread's.
#pragma once

#include <coupleface/detail/cuda/relation.cuh>
#include <coupleface/detail/mining/pair_score.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A relation that does not say what it sums is evaluated by every thread of the team.
template <int N, class Q, class C, class Relation>
COUPLEFACE_HOST_DEVICE double score_by(row_team<N> const& team,
                                       relation_score<Q, C, Relation> const& score, index_t query,
                                       index_t candidate) {
  if constexpr (has_term<Relation>) {
    row<Q> const a = score.query_row(query);
    row<C> const b = score.candidate_row(candidate);
    return score.relation.from_sum(a, b,
                                   team.sum(a.data, b.data, a.width, typename Relation::term{}));
  } else {
    (void)team;
    return score(query, candidate);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
