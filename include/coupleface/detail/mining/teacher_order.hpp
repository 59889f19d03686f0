// coupleface: the student's nearest candidates in the teacher's order, host side.
#pragma once

#include <coupleface/detail/mining/scored_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived, class SQ, class SC, class TQ, class TC, class V, class I, class Relation,
          class Keep>
void mine_teacher_order(host_policy<Derived> const& base, matrix_view<SQ const> student_queries,
                        matrix_view<SC const> student_candidates,
                        matrix_view<TQ const> teacher_queries,
                        matrix_view<TC const> teacher_candidates, index_t pool,
                        matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep,
                        index_t bytes = table_bytes) {
  auto const& policy = static_cast<Derived const&>(base);
  scored_rows<Derived, SQ, SC, Relation> const student(policy, student_queries, student_candidates,
                                                       relation);
  scored_rows<Derived, TQ, TC, Relation> const teacher(policy, teacher_queries, teacher_candidates,
                                                       relation);
  auto const score = teacher.score();
  // One column at least, so that no candidates and no slots need no path of their own.
  index_t const width = std::max<index_t>(1, std::min(pool, student.candidates()));
  search_in_blocks<V, I>(policy, student, keep, width, bytes,
                         [&](index_t first, matrix_view<V> pooled_values, matrix_view<I> pooled) {
                           for_each_index(policy, pooled_values.extent(0), [=](index_t i) {
                             index_t const query = first + i;
                             bounded_heap<V, I> kept(values.row(query), indices.row(query),
                                                     values.extent(1));
                             kept.clear();
                             for (index_t slot = 0; slot < width && pooled(i, slot) >= 0; ++slot) {
                               kept.offer(store<V>(score(query, pooled(i, slot))), pooled(i, slot));
                             }
                             kept.finish();
                           });
                         });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
