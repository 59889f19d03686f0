// SPDX-License-Identifier: Apache-2.0
// coupleface: computes the gap of a pair with a team of threads.
#pragma once

#include <coupleface/detail/cuda/row_team.cuh>
#include <coupleface/detail/mining/gap.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <int N, class SQ, class SC, class TQ, class TC, class Gap>
COUPLEFACE_HOST_DEVICE double score_by(row_team<N> const& team,
                                       gap_score<SQ, SC, TQ, TC, Gap> const& score, index_t query,
                                       index_t candidate) {
  return score.by_team(team, query, candidate);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
