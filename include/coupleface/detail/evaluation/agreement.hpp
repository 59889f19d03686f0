// coupleface: a student's relations beside its teacher's, row by row, host side.
#pragma once

#include <coupleface/detail/evaluation/labelled_rows.hpp>
#include <coupleface/detail/evaluation/neighbour_overlap.hpp>
#include <coupleface/detail/evaluation/rank_correlation.hpp>
#include <coupleface/detail/mining/scored_rows.hpp>
#include <coupleface/detail/mining/statistics.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// What a row needs beside the tables, for K slots.
struct row_workspace {
  ranked_value *teacher, *student;
  std::int32_t *teacher_ids, *student_ids;
};

template <class Derived>
class row_workspaces {
 public:
  row_workspaces(Derived const& policy, index_t lanes, index_t slots)
      : slots_(slots), ranks_(policy, 2 * lanes * slots), ids_(policy, 2 * lanes * slots) {}
  row_workspace operator()(index_t lane) const {
    ranked_value* const ranks = ranks_.data() + 2 * lane * slots_;
    std::int32_t* const ids = ids_.data() + 2 * lane * slots_;
    return {ranks, ranks + slots_, ids, ids + slots_};
  }

 private:
  index_t slots_;
  scratch<ranked_value, Derived> ranks_;
  scratch<std::int32_t, Derived> ids_;
};

struct row_agreement {
  double overlap, correlation;
  index_t pairs, active;  ///< whose gap is a number, whose penalty pushes
};

/// Gaps of a row's pairs, which are the teacher's neighbours, and the correlation of both sides.
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
    if (std::isnan(gaps[slot])) { continue; }
    work.teacher[count] = {t, 0, count};
    work.student[count] = {s, 0, count};
    ++count;
    result.active += penalty(gaps[slot]).slope != 0;
  }
  result.pairs = count;
  result.correlation = rank_correlation(work.teacher, work.student, count);
}

/// Sums over rows in their order; of overlaps and correlations only those that are numbers.
template <class Result>
void sum_rows(row_agreement const* rows, index_t count, Result& result) {
  double overlap = 0, correlation = 0, overlaps = 0, correlations = 0;
  index_t pairs = 0, active = 0;
  for (index_t i = 0; i < count; ++i) {
    result.overlaps.push_back(rows[i].overlap);
    result.rank_correlations.push_back(rows[i].correlation);
    if (!std::isnan(rows[i].overlap)) { overlap += rows[i].overlap, ++overlaps; }
    if (!std::isnan(rows[i].correlation)) { correlation += rows[i].correlation, ++correlations; }
    pairs += rows[i].pairs;
    active += rows[i].active;
  }
  result.mean_overlap = overlap / overlaps;
  result.mean_rank_correlation = correlation / correlations;
  result.active_share = pairs > 0 ? double(active) / double(pairs) : 0.0;
}

template <class Result>
void describe_gaps(table_totals const& totals, Result& result) {
  result.pairs = totals.pairs;
  result.not_numbers = totals.not_numbers;
  result.below = totals.below;
  result.above = totals.above;
  result.mean_gap = totals.sum / double(totals.pairs - totals.not_numbers);
}

/// Compares a block of rows at a time: tables of K slots are never there for all rows at once.
template <class Derived, class S, class T, class Penalty, class Relation>
class teacher_comparison {
 public:
  teacher_comparison(Derived const& policy, matrix_view<S const> student,
                     matrix_view<T const> teacher, index_t k, Penalty penalty, Relation relation)
      : policy_(policy),
        rows_(teacher.extent(0)),
        slots_(std::min(k, std::max<index_t>(1, rows_ - 1))),
        lanes_(lane_count(rows_, 32)),
        penalty_(penalty),
        student_(policy, student, student, relation),
        teacher_(policy, teacher, teacher, relation),
        agreements_(policy, rows_),
        workspaces_(policy, lanes_, slots_),
        values_(policy, block() * slots_),
        indices_(policy, block() * slots_),
        gaps_(policy, block() * slots_) {}

  template <class Result>
  void run(bin_edges edges, Result& result) {
    table_totals totals;
    totals.clear();
    search_in_blocks<float, std::int32_t>(
        policy_, teacher_, not_itself{true}, slots_, bytes,
        [&](index_t first, matrix_view<float> values, matrix_view<std::int32_t> indices) {
          auto const gaps = compare(first, values, indices);
          totals.add(total_table(policy_, matrix_view<double const>(gaps),
                                 matrix_view<std::int32_t const>(indices), edges,
                                 result.histogram.data()));
        });
    sum_rows(agreements_.data(), rows_, result);
    describe_gaps(totals, result);
  }

 private:
  static constexpr index_t bytes = table_bytes<Derived> / 2;
  index_t block() const { return std::min(rows_, table_rows<float, std::int32_t>(slots_, bytes)); }

  /// The teacher's table of some rows beside the student's; the gaps of the teacher's pairs.
  matrix_view<double> compare(index_t first, matrix_view<float> values,
                              matrix_view<std::int32_t> indices) {
    index_t const count = values.extent(0);
    matrix_view<float> const near(values_.data(), count, slots_);
    matrix_view<std::int32_t> const near_ids(indices_.data(), count, slots_);
    matrix_view<double> const gaps(gaps_.data(), count, slots_);
    search_pairs(policy_, student_.score(first, count), block_keep<not_itself>{{true}, first}, near,
                 near_ids);
    for_each_index(policy_, lanes_, [=](index_t lane) {
      auto const work = workspaces_(lane);
      index_t const end = lane_begin(lane + 1, lanes_, count);
      for (index_t i = lane_begin(lane, lanes_, count); i < end; ++i) {
        row_agreement& row = agreements_.data()[first + i];
        row = {0, 0, 0, 0};
        index_t const of_teacher =
            sorted_neighbours(values.row(i), indices.row(i), slots_, work.teacher_ids);
        index_t const of_student =
            sorted_neighbours(near.row(i), near_ids.row(i), slots_, work.student_ids);
        row.overlap = overlap_of(work.teacher_ids, of_teacher, work.student_ids, of_student);
        compare_pairs(student_.score(), teacher_.score(), first + i, indices.row(i), slots_,
                      penalty_, work, gaps.row(i), row);
      }
    });
    return gaps;
  }

  Derived const& policy_;
  index_t rows_, slots_, lanes_;
  Penalty penalty_;
  scored_rows<Derived, S, S, Relation> student_;
  scored_rows<Derived, T, T, Relation> teacher_;
  scratch<row_agreement, Derived> agreements_;
  row_workspaces<Derived> workspaces_;
  scratch<float, Derived> values_;
  scratch<std::int32_t, Derived> indices_;
  scratch<double, Derived> gaps_;
};

template <class Derived, class S, class T, class Penalty, class Relation, class Result>
void compare_with_teacher(host_policy<Derived> const& base, matrix_view<S const> student,
                          matrix_view<T const> teacher, index_t k, std::vector<double> const& edges,
                          Penalty penalty, Relation relation, Result& result) {
  teacher_comparison<Derived, S, T, Penalty, Relation>(static_cast<Derived const&>(base), student,
                                                       teacher, k, penalty, relation)
      .run({edges.data(), index_t(result.histogram.size())}, result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
