// SPDX-License-Identifier: Apache-2.0
// coupleface: the exact score of a pair by a team of threads, with the same bits as by one thread.
#pragma once

#include <coupleface/detail/cuda/relation.cuh>
#include <coupleface/detail/search/pair_score.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <int N, class Q, class C, class Relation>
COUPLEFACE_HOST_DEVICE double score_by(row_team<N> const& team,
                                       relation_score<Q, C, Relation> const& score, index_t query,
                                       index_t candidate) {
  return relation_by(team, score.relation, score.query_row(query), score.candidate_row(candidate));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
