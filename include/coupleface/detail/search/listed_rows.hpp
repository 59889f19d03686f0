// SPDX-License-Identifier: Apache-2.0
// coupleface: searches for listed queries, or among listed candidates.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class T>
struct copy_listed_rows {
  matrix_view<T const> rows;
  index_t const* ids;
  matrix_view<T> listed;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    T const* const row = rows.row(ids[i]);
    team.columns(listed.extent(1), [&](index_t j) { listed(i, j) = row[j]; });
  }
};

/// Applies `keep` to listed queries and listed candidates; a null list means all rows.
template <class Keep>
struct listed_keep {
  Keep keep;
  index_t const* queries;
  index_t const* candidates;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return keep(queries == nullptr ? query : queries[query],
                candidates == nullptr ? candidate : candidates[candidate]);
  }
};

/// Listed queries against all candidates; copies the rows of one block of queries at a time.
template <class Policy, class Q, class C, class Relation>
class listed_queries {
 public:
  listed_queries(Policy const& policy, matrix_view<Q const> queries, vector_view<index_t const> ids,
                 index_t block, matrix_view<C const> candidates, Relation relation)
      : policy_(policy),
        queries_(queries),
        ids_(ids),
        candidates_(candidates),
        relation_(relation),
        rows_(policy, block * queries.extent(1)),
        norms_(policy, block),
        candidate_norms_(policy, candidates.extent(0)) {
    row_norms(policy, candidates, candidate_norms_.data());
  }

  index_t queries() const { return ids_.extent(0); }

  relation_score<Q, C, Relation> score(index_t first, index_t count) const {
    matrix_view<Q> const rows(rows_.data(), count, queries_.extent(1));
    for_each_row<Q, Q>(policy_, count,
                       copy_listed_rows<Q>{queries_, ids_.data_handle() + first, rows});
    row_norms(policy_, matrix_view<Q const>(rows), norms_.data());
    return {rows, candidates_, norms_.data(), candidate_norms_.data(), relation_};
  }

 private:
  Policy const& policy_;
  matrix_view<Q const> queries_;
  vector_view<index_t const> ids_;
  matrix_view<C const> candidates_;
  Relation relation_;
  scratch<Q, Policy> rows_;
  scratch<double, Policy> norms_, candidate_norms_;
};

template <class V, class I>
struct write_listed_rows {
  matrix_view<V const> found_values;
  matrix_view<I const> found;
  index_t const* ids;
  matrix_view<V> values;
  matrix_view<I> indices;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    team.columns(found.extent(1), [&](index_t slot) {
      values(ids[i], slot) = found_values(i, slot);
      indices(ids[i], slot) = found(i, slot);
    });
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
