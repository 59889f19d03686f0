// SPDX-License-Identifier: Apache-2.0
// coupleface: mining of the nearest candidates plus random ones from the rest.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/mining/random.hpp>
#include <coupleface/detail/search/pair_search.hpp>
#include <coupleface/detail/search/scored_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Score, class Keep, class V, class I>
struct draw_others {
  Score score;
  Keep keep;
  index_t hard;
  std::uint64_t seed;
  matrix_view<V> values;
  matrix_view<I> indices;
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    ranks_after const last{double(values(i, hard - 1)), index_t(indices(i, hard - 1))};
    draw_row(team, score, keep, last, seed, i, values.row(i) + hard, indices.row(i) + hard,
             values.extent(1) - hard);
  }
};

// The nearest are exactly the kept candidates that do not rank after the last of them. So one
// comparison tells whether a random candidate is new, and appending random ones keeps the row
// sorted.
template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
void mine_mixed(Policy const& policy, matrix_view<Q const> queries, matrix_view<C const> candidates,
                index_t hard, std::uint64_t seed, matrix_view<V> values, matrix_view<I> indices,
                Relation relation, Keep keep) {
  if (hard == 0) {
    mine_random(policy, queries, candidates, seed, values, indices, relation, keep);
    return;
  }
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, candidates, relation);
  auto const score = rows.score();
  index_t const n = queries.extent(0);
  search_pairs(policy, score, keep, matrix_view<V>(values.data_handle(), n, hard, values.stride(0)),
               matrix_view<I>(indices.data_handle(), n, hard, indices.stride(0)));
  using score_type = relation_score<Q, C, Relation>;
  for_each_row<Q, C>(policy, n,
                     draw_others<score_type, Keep, V, I>{score, keep, hard, seed, values, indices});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
