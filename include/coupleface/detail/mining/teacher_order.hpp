// SPDX-License-Identifier: Apache-2.0
// coupleface: mining of the student's nearest candidates, ranked by the teacher.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/detail/search/search_in_blocks.hpp>
#include <coupleface/detail/top_k.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Ranks pooled candidates by the teacher's score, for queries from `first` on.
template <class Score, class V, class I>
struct rank_pool {
  Score score;
  matrix_view<I> pool;
  matrix_view<V> values;
  matrix_view<I> indices;
  index_t first;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const query = first + i;
    bounded_heap<V, I> kept(values.row(query), indices.row(query), values.extent(1));
    if (team.leads()) { kept.clear(); }
    for (index_t slot = 0; slot < pool.extent(1) && pool(i, slot) >= 0; ++slot) {
      V const value = store<V>(score_by(team, score, query, index_t(pool(i, slot))));
      if (team.leads()) { kept.offer(value, pool(i, slot)); }
    }
    if (team.leads()) { kept.finish(); }
  }
};

template <class Policy, class SQ, class SC, class TQ, class TC, class V, class I, class Relation,
          class Keep>
void mine_teacher_order(Policy const& policy, matrix_view<SQ const> student_queries,
                        matrix_view<SC const> student_candidates,
                        matrix_view<TQ const> teacher_queries,
                        matrix_view<TC const> teacher_candidates, index_t pool,
                        matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep,
                        index_t bytes = table_bytes<Policy>) {
  scored_rows<Policy, SQ, SC, Relation> const student(policy, student_queries, student_candidates,
                                                      relation);
  scored_rows<Policy, TQ, TC, Relation> const teacher(policy, teacher_queries, teacher_candidates,
                                                      relation);
  using score_type = relation_score<TQ, TC, Relation>;
  score_type const score = teacher.score();
  // At least one column, so that the cases of no candidates and no slots need no special path.
  index_t const width = std::max<index_t>(1, std::min(pool, student.candidates()));
  search_in_blocks<V, I>(policy, student, keep, width, bytes,
                         [&](index_t first, matrix_view<V>, matrix_view<I> pooled) {
                           for_each_row<TQ, TC>(
                               policy, pooled.extent(0),
                               rank_pool<score_type, V, I>{score, pooled, values, indices, first});
                         });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
