// SPDX-License-Identifier: Apache-2.0
// coupleface: how far a student agrees with its teacher on relations between people, which relation
// distillation is meant to improve.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/evaluation/agreement.hpp>
#include <coupleface/detail/evaluation/verification.hpp>
#include <coupleface/detail/settings.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/settings/penalty.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <limits>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Result of compare_with_teacher. Means are over the rows, or pairs, whose value is not
/// NaN; NaN if there is none.
struct teacher_agreement {
  double mean_overlap = std::numeric_limits<double>::quiet_NaN();
  double mean_rank_correlation = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> overlaps;           ///< [n]
  std::vector<double> rank_correlations;  ///< [n], of each class where the rows are classes
  index_t pairs = 0;                      ///< (row, neighbour of the teacher)
  index_t not_numbers = 0;                ///< of these, pairs whose gap is NaN: in no bin, no mean
  double mean_gap = std::numeric_limits<double>::quiet_NaN();  ///< of R_s - R_t
  double active_share = 0;         ///< of the gaps: where the penalty's slope is not 0
  std::vector<index_t> histogram;  ///< of gaps; bin j: e_j <= gap < e_{j+1}, the last closed
  index_t below = 0, above = 0;    ///< gaps outside the edges
};

/// @brief Compares the relations of a student's and its teacher's rows, exactly.
///
/// The pairs of row i are its teacher's K nearest other rows N_t(i) (mine_nearest's order).
/// overlap_i = the number of rows in both N_t(i) and the student's nearest N_s(i), divided by K. K
/// is n - 1 if that is less, and neighbours with a NaN relation do not count. rank_correlation_i =
/// Spearman's correlation of R_t and R_s over i's pairs; equal values share their mean rank; NaN if
/// all values of one side are equal. Gaps are R_s - R_t in double.
///
/// @param policy any Thrust execution policy; from a device four numbers for each row, counts and
///   sums are copied, and the call waits for them
/// @param student [n, d_s], @param teacher [n, d_t] row i of one belongs to row i of the other:
///   samples, or class prototypes for numbers by class
/// @param k neighbours of each row, at least 1
/// @param edges of the histogram's bins, ascending, none equal (even_edges of
///   mining/statistics.hpp); empty for no histogram
/// @param penalty hinge{q} (default), absolute, squared, smooth_l1, dead_zone, or your own
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own
/// @throws std::invalid_argument if the shapes do not fit, k < 1, the edges do not ascend or the
///   penalty has a bad setting
/// @complexity that of mine_nearest on both sides, O(n K (d_s + d_t + log K)) for the pairs
/// @scratch mine_nearest's, at most 64 MiB + 56 n bytes, 1792 K for up to 32 lanes; on a device 3
///   GiB in place of 64 MiB, or 40 K + 48 bytes a row if that is less
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class S, class T, class Penalty = hinge, class Relation = cosine>
teacher_agreement compare_with_teacher(Policy const& policy, matrix_view<S> student,
                                       matrix_view<T> teacher, index_t k,
                                       std::vector<double> const& edges = {}, Penalty penalty = {},
                                       Relation relation = {}) {
  detail::device_call<Policy> const call("compare_with_teacher");
  COUPLEFACE_EXPECT_POLICY("compare_with_teacher", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("compare_with_teacher", "student", S);
  COUPLEFACE_EXPECT_ELEMENTS("compare_with_teacher", "teacher", T);
  detail::expect_view("compare_with_teacher", "student", student);
  detail::expect_view("compare_with_teacher", "teacher", teacher);
  detail::expect_equal("compare_with_teacher", "rows of student", student.extent(0),
                       "rows of teacher", teacher.extent(0));
  detail::expect(k >= 1, "compare_with_teacher", "k must be at least 1");
  detail::expect_ids_fit<std::int32_t>("compare_with_teacher", "teacher", teacher.extent(0));
  auto const not_ascending = [](double a, double b) { return !(a < b); };
  bool const ascending =
      std::adjacent_find(edges.begin(), edges.end(), not_ascending) == edges.end();
  detail::expect(edges.size() != 1 && ascending, "compare_with_teacher",
                 "edges must be none or at least two that ascend");
  detail::expect_valid("compare_with_teacher", "the penalty's settings are out of range", penalty);
  teacher_agreement result;
  result.histogram.assign(edges.empty() ? 0 : edges.size() - 1, 0);
  detail::compare_with_teacher(policy, matrix_view<std::remove_cv_t<S> const>(student),
                               matrix_view<std::remove_cv_t<T> const>(teacher), k, edges, penalty,
                               relation, result);
  return result;
}

COUPLEFACE_NAMESPACE_END
