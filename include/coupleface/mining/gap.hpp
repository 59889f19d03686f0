// SPDX-License-Identifier: Apache-2.0
// coupleface: the pairs on which student and teacher disagree most, which a loss on relations
// pushes hardest.
//
// A gap is a functor of two cosines; a larger value is mined first. A custom one needs
//   double operator()(double student, double teacher) const
// which does not throw.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/gap.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief R_s - R_t: how far the student's relation exceeds the teacher's (RAD's hinge pushes it).
struct violation {
  COUPLEFACE_HOST_DEVICE double operator()(double student, double teacher) const {
    return student - teacher;
  }
};

/// @brief |R_s - R_t|.
struct absolute_gap {
  COUPLEFACE_HOST_DEVICE double operator()(double student, double teacher) const {
    return std::fabs(student - teacher);
  }
};

/// @brief The K candidates of every query with the largest gap between student and teacher.
///
/// gap(cos(s_q, g_c), cos(t_q, h_c)) in double, rounded once. The table is mine_nearest's with gaps
/// for values: descending, ties to the smaller index, NaN after every number, empty slots -1 and
/// -infinity. Student and teacher widths may differ; row i of one belongs to row i of the other.
///
/// @param policy any Thrust execution policy
/// @param student_queries [n, d_s] rows s
/// @param student_candidates [m, d_s] rows g
/// @param teacher_queries [n, d_t] rows t
/// @param teacher_candidates [m, d_t] rows h
/// @param values [n, K] result, float or double: the gaps
/// @param indices [n, K] result, rows of the candidates; signed integers
/// @param gap violation (default), absolute_gap, or your own functor
/// @param keep which pair may be mined: other_rows (default), other_labels, both(...), or your own
/// @throws std::invalid_argument if the shapes do not fit or m exceeds the index type
/// @complexity O(n m (d_s + d_t)) at worst
/// @scratch at most 16 (n + m) bytes for norms, and what mine_nearest takes beside its norms
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class SQ, class SC, class TQ, class TC, class V, class I,
          class Gap = violation, class Keep = other_rows>
void mine_gap(Policy const& policy, matrix_view<SQ> student_queries,
              matrix_view<SC> student_candidates, matrix_view<TQ> teacher_queries,
              matrix_view<TC> teacher_candidates, matrix_view<V> values, matrix_view<I> indices,
              Gap gap = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("mine_gap");
  COUPLEFACE_EXPECT_POLICY("mine_gap", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("mine_gap", "student_queries", SQ);
  COUPLEFACE_EXPECT_ELEMENTS("mine_gap", "student_candidates", SC);
  COUPLEFACE_EXPECT_ELEMENTS("mine_gap", "teacher_queries", TQ);
  COUPLEFACE_EXPECT_ELEMENTS("mine_gap", "teacher_candidates", TC);
  COUPLEFACE_EXPECT_TABLE("mine_gap", V, I);
  detail::check_teacher_rows("mine_gap", student_queries, student_candidates, teacher_queries,
                             teacher_candidates);
  detail::check_mining_arguments("mine_gap", student_queries, student_candidates, values, indices,
                                 keep, {"student_queries", "student_candidates"});
  detail::mine_gap(policy, matrix_view<SQ const>(student_queries),
                   matrix_view<SC const>(student_candidates),
                   matrix_view<TQ const>(teacher_queries),
                   matrix_view<TC const>(teacher_candidates), values, indices, gap, keep);
}

COUPLEFACE_NAMESPACE_END
