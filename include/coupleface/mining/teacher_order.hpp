// SPDX-License-Identifier: Apache-2.0
// coupleface: the student's nearest candidates, ranked by the teacher.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/teacher_order.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <string>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Of the `pool` candidates nearest to the student's query, the K that the teacher ranks
/// first.
///
/// The pool is mine_nearest's table of the student's rows with `pool` slots, its cosines rounded to
/// V; of it the K with the largest cosine of the teacher's rows, in mine_nearest's order: ties to
/// the smaller index, NaN after every number, empty slots -1 and -infinity. Student and teacher
/// widths may differ; row i of one belongs to row i of the other.
///
/// @param policy any Thrust execution policy
/// @param student_queries [n, d_s] rows
/// @param student_candidates [m, d_s] rows
/// @param teacher_queries [n, d_t] rows
/// @param teacher_candidates [m, d_t] rows
/// @param pool how many of the student's nearest the teacher chooses from, at least K
/// @param values [n, K] result, float or double: the teacher's cosines
/// @param indices [n, K] result, rows of the candidates; signed integers
/// @param keep which pair may be mined: other_rows (default), other_labels, both(...), or your own
/// @throws std::invalid_argument if the shapes do not fit, pool is below K, or m exceeds the index
///   type
/// @complexity mine_nearest's with `pool` slots, and O(n pool d_t)
/// @scratch mine_nearest's for one block of queries, norms of both networks, and the block's
///   table: min(pool, m) slots a query for as many queries as fit into 32 MiB, at least one
/// @determinism bit-identical for any policy, thread count and blocking
/// Source: ours.
template <class Policy, class SQ, class SC, class TQ, class TC, class V, class I,
          class Keep = other_rows>
void mine_teacher_order(Policy const& policy, matrix_view<SQ> student_queries,
                        matrix_view<SC> student_candidates, matrix_view<TQ> teacher_queries,
                        matrix_view<TC> teacher_candidates, index_t pool, matrix_view<V> values,
                        matrix_view<I> indices, Keep keep = {}) {
  detail::device_call<Policy> const call("mine_teacher_order");
  COUPLEFACE_EXPECT_POLICY("mine_teacher_order", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("mine_teacher_order", "student_queries", SQ);
  COUPLEFACE_EXPECT_ELEMENTS("mine_teacher_order", "student_candidates", SC);
  COUPLEFACE_EXPECT_ELEMENTS("mine_teacher_order", "teacher_queries", TQ);
  COUPLEFACE_EXPECT_ELEMENTS("mine_teacher_order", "teacher_candidates", TC);
  COUPLEFACE_EXPECT_TABLE("mine_teacher_order", V, I);
  detail::check_teacher_rows("mine_teacher_order", student_queries, student_candidates,
                             teacher_queries, teacher_candidates);
  detail::check_mining_arguments("mine_teacher_order", student_queries, student_candidates, values,
                                 indices, keep, {"student_queries", "student_candidates"});
  if (pool < values.extent(1)) {
    detail::fail("mine_teacher_order", "pool is " + std::to_string(pool) +
                                           ", but columns of values is " +
                                           std::to_string(values.extent(1)));
  }
  detail::mine_teacher_order(
      policy, matrix_view<SQ const>(student_queries), matrix_view<SC const>(student_candidates),
      matrix_view<TQ const>(teacher_queries), matrix_view<TC const>(teacher_candidates), pool,
      values, indices, cosine{}, keep);
}

COUPLEFACE_NAMESPACE_END
