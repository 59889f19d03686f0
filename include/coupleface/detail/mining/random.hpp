// SPDX-License-Identifier: Apache-2.0
// coupleface: mining of candidates in a random order.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/random_order.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/detail/top_k.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Admits pairs that rank after a filled slot. After an empty slot there are no more candidates.
struct ranks_after {
  double value;
  index_t index;
  COUPLEFACE_HOST_DEVICE bool operator()(double other, index_t other_index) const {
    return ranks_before(value, index, other, other_index);
  }
};

struct admits_all {
  COUPLEFACE_HOST_DEVICE bool operator()(double, index_t) const { return true; }
};

/// Fills a row of `slots` with the first kept and admitted candidates in random order, then sorts
/// it. All threads of the team compute scores; the leader alone updates the heap.
template <class Team, class Score, class Keep, class Admits, class V, class I>
COUPLEFACE_HOST_DEVICE void draw_row(Team const& team, Score const& score, Keep const& keep,
                                     Admits const& admits, std::uint64_t seed, index_t query,
                                     V* values, I* indices, index_t slots) {
  bounded_heap<V, I> drawn(values, indices, slots);
  if (team.leads()) { drawn.clear(); }
  random_order const order(seed, std::uint64_t(query), score.candidates());
  for (index_t position = 0; position < order.positions() && slots > 0; ++position) {
    index_t const candidate = order(position);
    if (candidate >= score.candidates() || !keep(query, candidate)) { continue; }
    V const value = store<V>(score_by(team, score, query, candidate));
    if (!admits(value, candidate)) { continue; }
    if (team.leads()) { drawn.offer(value, static_cast<I>(candidate)); }
    --slots;
  }
  if (team.leads()) { drawn.finish(); }
}

template <class Score, class Keep, class V, class I>
struct draw_rows {
  Score score;
  Keep keep;
  std::uint64_t seed;
  matrix_view<V> values;
  matrix_view<I> indices;
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    draw_row(team, score, keep, admits_all{}, seed, i, values.row(i), indices.row(i),
             values.extent(1));
  }
};

template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
void mine_random(Policy const& policy, matrix_view<Q const> queries,
                 matrix_view<C const> candidates, std::uint64_t seed, matrix_view<V> values,
                 matrix_view<I> indices, Relation relation, Keep keep) {
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, candidates, relation);
  using score_type = relation_score<Q, C, Relation>;
  for_each_row<Q, C>(policy, queries.extent(0),
                     draw_rows<score_type, Keep, V, I>{rows.score(), keep, seed, values, indices});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
