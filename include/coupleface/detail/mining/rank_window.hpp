// SPDX-License-Identifier: Apache-2.0
// coupleface: mining of the candidates in a window of ranks.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/detail/search/search_in_blocks.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Copies the ranked slots from `skip` on; slots past the last ranked one become empty.
template <class V, class I>
struct copy_window {
  matrix_view<V> ranked_values;
  matrix_view<I> ranked_indices;
  index_t skip;
  matrix_view<V> values;  ///< row `first` is for the first ranked row
  matrix_view<I> indices;
  index_t first;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    team.columns(values.extent(1), [&](index_t slot) {
      bool const ranked = skip + slot < ranked_values.extent(1);
      values(first + i, slot) = ranked ? ranked_values(i, skip + slot) : store<V>(no_score);
      indices(first + i, slot) = ranked ? ranked_indices(i, skip + slot) : I(-1);
    });
  }
};

template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
void mine_rank_window(Policy const& policy, matrix_view<Q const> queries,
                      matrix_view<C const> candidates, index_t skip, matrix_view<V> values,
                      matrix_view<I> indices, Relation relation, Keep keep,
                      index_t bytes = table_bytes<Policy>) {
  index_t const m = candidates.extent(0), slots = values.extent(1);
  if (skip >= m || slots == 0) {
    copy_window<V, I> const nothing{{}, {}, 0, values, indices, 0};
    for_each_row<Q, C>(policy, queries.extent(0), nothing);
    return;
  }
  index_t const width = skip + std::min(m - skip, slots);
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, candidates, relation);
  search_in_blocks<V, I>(
      policy, rows, keep, width, bytes,
      [&](index_t first, matrix_view<V> ranked_values, matrix_view<I> ranked_indices) {
        for_each_row<Q, C>(
            policy, ranked_values.extent(0),
            copy_window<V, I>{ranked_values, ranked_indices, skip, values, indices, first});
      });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
