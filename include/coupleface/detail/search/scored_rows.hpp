// SPDX-License-Identifier: Apache-2.0
// coupleface: the relation score of two sets of rows with its norms, for all queries or for a block
// of them.
#pragma once

#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/search/row_norm_pair.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Owns the norms of queries and candidates, in the policy's memory.
template <class Policy, class Q, class C, class Relation>
class scored_rows {
 public:
  scored_rows(Policy const& policy, matrix_view<Q const> queries, matrix_view<C const> candidates,
              Relation relation)
      : queries_(queries),
        candidates_(candidates),
        relation_(relation),
        norms_(policy, queries, candidates) {}

  index_t queries() const { return queries_.extent(0); }
  index_t candidates() const { return candidates_.extent(0); }

  relation_score<Q, C, Relation> score() const { return score(0, queries()); }

  /// The score of queries first ... first + count - 1, renumbered from 0.
  relation_score<Q, C, Relation> score(index_t first, index_t count) const {
    matrix_view<Q const> const some(queries_.row(first), count, queries_.extent(1),
                                    queries_.stride(0));
    return {some, candidates_, norms_.queries() + first, norms_.candidates(), relation_};
  }

 private:
  matrix_view<Q const> queries_;
  matrix_view<C const> candidates_;
  Relation relation_;
  row_norm_pair<Policy, Q, C> norms_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
