// SPDX-License-Identifier: Apache-2.0
// coupleface: compares the student's relations with the teacher's on one row, host side.
#pragma once

#include <coupleface/detail/evaluation/neighbour_overlap.hpp>
#include <coupleface/detail/evaluation/rank_correlation.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/scored_rows.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct row_agreement {
  double overlap, correlation;
  index_t pairs, active;  ///< with a gap that is not NaN; with a nonzero slope of the penalty
};

/// A block of rows starting at `first`: K nearest others each by the teacher and by the student.
/// Outputs: the gaps of the teacher's pairs, and the agreement of each row.
template <class Student, class Teacher, class Penalty>
struct compared_rows {
  Student student;  ///< scores of all rows
  Teacher teacher;
  Penalty penalty;
  index_t first;
  matrix_view<float const> values;
  matrix_view<std::int32_t const> indices;
  matrix_view<float const> student_values;
  matrix_view<std::int32_t const> student_indices;
  matrix_view<double> gaps;
  row_agreement* agreements;
};

/// Workspace of one row besides the tables, for K slots.
struct row_workspace {
  ranked_value *teacher, *student;
  std::int32_t *teacher_ids, *student_ids;
};

/// Gaps of a row's pairs, which are the teacher's neighbours, and the rank correlation of both
/// sides.
template <class Student, class Teacher, class Penalty>
void compare_pairs(Student const& student, Teacher const& teacher, index_t row,
                   std::int32_t const* indices, index_t slots, Penalty const& penalty,
                   row_workspace const& work, double* gaps, row_agreement& result) {
  index_t count = 0;
  for (index_t slot = 0; slot < slots; ++slot) {
    gaps[slot] = not_a_number;
    if (indices[slot] < 0) { continue; }
    double const s = student(row, indices[slot]), t = teacher(row, indices[slot]);
    gaps[slot] = s - t;
    if (is_nan(gaps[slot])) { continue; }
    work.teacher[count] = {t, 0, count};
    work.student[count] = {s, 0, count};
    ++count;
    result.active += penalty(gaps[slot]).slope != 0;
  }
  result.pairs = count;
  result.correlation = rank_correlation(work.teacher, work.student, count);
}

/// Compares blocks of rows, with memory for one block.
template <class Policy, class = void>
class row_comparison {
  static constexpr index_t most_lanes = 32;  ///< each has memory for four lists

 public:
  row_comparison(Policy const& policy, index_t rows, index_t /*block*/, index_t slots)
      : lanes_(lane_count(rows, most_lanes)),
        slots_(slots),
        ranks_(policy, 2 * lanes_ * slots),
        ids_(policy, 2 * lanes_ * slots) {}

  template <class Rows>
  void compare(Policy const& policy, Rows const& rows) const {
    for_each_index(
        policy, lanes_,
        [=, ranks = ranks_.data(), ids = ids_.data(), lanes = lanes_,
         slots = slots_](index_t lane) {
          ranked_value* const own_ranks = ranks + 2 * lane * slots;
          std::int32_t* const own_ids = ids + 2 * lane * slots;
          row_workspace const work{own_ranks, own_ranks + slots, own_ids, own_ids + slots};
          index_t const count = rows.values.extent(0), end = lane_begin(lane + 1, lanes, count);
          for (index_t i = lane_begin(lane, lanes, count); i < end; ++i) {
            compare_row(rows, i, slots, work);
          }
        });
  }

 private:
  template <class Rows>
  static void compare_row(Rows const& rows, index_t i, index_t slots, row_workspace const& work) {
    row_agreement& row = rows.agreements[i];
    row = {0, 0, 0, 0};
    index_t const of_teacher =
        sorted_neighbours(rows.values.row(i), rows.indices.row(i), slots, work.teacher_ids);
    index_t const of_student = sorted_neighbours(
        rows.student_values.row(i), rows.student_indices.row(i), slots, work.student_ids);
    row.overlap = overlap_of(work.teacher_ids, of_teacher, work.student_ids, of_student);
    compare_pairs(rows.student, rows.teacher, rows.first + i, rows.indices.row(i), slots,
                  rows.penalty, work, rows.gaps.row(i), row);
  }

  index_t lanes_, slots_;
  scratch<ranked_value, Policy> ranks_;
  scratch<std::int32_t, Policy> ids_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/evaluation/compared_rows.cuh>
#endif
