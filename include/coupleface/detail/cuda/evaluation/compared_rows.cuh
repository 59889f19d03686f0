// SPDX-License-Identifier: Apache-2.0
// coupleface: compares the teacher's pairs of a row with the student's on a CUDA device: a team of
// threads per row.
//
// Nothing is sorted: a neighbour is searched for in the whole other list, and a rank is the number
// of smaller values. That takes K^2 comparisons per row, beside K sums over whole rows.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/evaluation/compared_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Rows>
struct compare_rows_body {
  Rows rows;
  matrix_view<double> student, teacher;  ///< [block, K] relations of the teacher's pairs

  /// True for a neighbour whose relation is a number.
  COUPLEFACE_HOST_DEVICE static bool counts(float value, std::int32_t id) {
    return id >= 0 && !is_nan(value);
  }

  template <class Team>
  COUPLEFACE_HOST_DEVICE double overlap(Team const& team, index_t i) const {
    index_t const slots = rows.values.extent(1);
    double teachers = 0, students = 0, shared = 0;
    team.columns(slots, [&](index_t slot) {
      students += counts(rows.student_values(i, slot), rows.student_indices(i, slot));
      std::int32_t const id = rows.indices(i, slot);
      if (!counts(rows.values(i, slot), id)) { return; }
      ++teachers;
      for (index_t other = 0; other < slots; ++other) {
        shared += rows.student_indices(i, other) == id && !is_nan(rows.student_values(i, other));
      }
    });
    teachers = team.total(teachers);
    students = team.total(students);
    shared = team.total(shared);
    double const most = teachers < students ? students : teachers;
    return most > 0 ? shared / most : not_a_number;
  }

  /// Computes the relations of the teacher's pairs on both sides, and their gaps.
  template <class Team>
  COUPLEFACE_HOST_DEVICE void relate(Team const& team, index_t i) const {
    for (index_t slot = 0; slot < rows.indices.extent(1); ++slot) {
      index_t const id = rows.indices(i, slot);
      double s = not_a_number, t = not_a_number;
      if (id >= 0) {
        s = score_by(team, rows.student, rows.first + i, id);
        t = score_by(team, rows.teacher, rows.first + i, id);
      }
      if (!team.leads()) { continue; }
      student(i, slot) = s;
      teacher(i, slot) = t;
      rows.gaps(i, slot) = s - t;
    }
    team.wait();
  }

  /// A pair's rank among the pairs whose gap is a number, minus the mean rank. Equal values share
  /// their mean rank.
  COUPLEFACE_HOST_DEVICE double rank(matrix_view<double> values, index_t i, index_t slot,
                                     double pairs) const {
    double smaller = 0, equal = 0;
    for (index_t other = 0; other < values.extent(1); ++other) {
      if (is_nan(rows.gaps(i, other))) { continue; }
      smaller += values(i, other) < values(i, slot);
      equal += values(i, other) == values(i, slot);
    }
    return (2 * smaller + equal + 1) / 2 - (pairs + 1) / 2;
  }

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    relate(team, i);
    double pairs = 0, active = 0;
    team.columns(rows.gaps.extent(1), [&](index_t slot) {
      if (is_nan(rows.gaps(i, slot))) { return; }
      ++pairs;
      active += rows.penalty(rows.gaps(i, slot)).slope != 0;
    });
    pairs = team.total(pairs);
    active = team.total(active);
    // Sums of multiples of 1/4 are exact, so their order is irrelevant.
    double ss = 0, st = 0, tt = 0;
    team.columns(rows.gaps.extent(1), [&](index_t slot) {
      if (is_nan(rows.gaps(i, slot))) { return; }
      double const s = rank(student, i, slot, pairs), t = rank(teacher, i, slot, pairs);
      ss += s * s;
      st += s * t;
      tt += t * t;
    });
    ss = team.total(ss);
    st = team.total(st);
    tt = team.total(tt);
    double const both = overlap(team, i);
    if (!team.leads()) { return; }
    rows.agreements[i] = {both, ss > 0 && tt > 0 ? st / std::sqrt(tt * ss) : not_a_number,
                          index_t(pairs), index_t(active)};
  }
};

template <class Policy>
class row_comparison<Policy, std::enable_if_t<!is_host_policy_v<Policy>>> {
 public:
  row_comparison(Policy const& policy, index_t /*rows*/, index_t block, index_t slots)
      : slots_(slots), student_(policy, block * slots), teacher_(policy, block * slots) {}

  template <class Student, class Teacher, class Penalty>
  void compare(Policy const& policy, compared_rows<Student, Teacher, Penalty> const& rows) const {
    index_t const count = rows.values.extent(0);
    launch_rows<vector_elements<typename Student::query_element, typename Teacher::query_element>>(
        policy, count,
        compare_rows_body<compared_rows<Student, Teacher, Penalty>>{
            rows, {student_.data(), count, slots_}, {teacher_.data(), count, slots_}});
  }

 private:
  index_t slots_;
  scratch<double, Policy> student_, teacher_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
