// SPDX-License-Identifier: Apache-2.0
// coupleface: compares a student's relations with its teacher's, row by row.
#pragma once

#include <coupleface/detail/evaluation/compared_rows.hpp>
#include <coupleface/detail/evaluation/labelled_rows.hpp>
#include <coupleface/detail/host_side.hpp>
#include <coupleface/detail/search/search_in_blocks.hpp>
#include <coupleface/detail/table_totals.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Sums over rows in row order; NaN overlaps and correlations are skipped.
template <class Result>
void sum_rows(vector_view<row_agreement const> rows, Result& result) {
  double overlap = 0, correlation = 0, overlaps = 0, correlations = 0;
  index_t pairs = 0, active = 0;
  for (index_t i = 0; i < rows.extent(0); ++i) {
    result.overlaps.push_back(rows(i).overlap);
    result.rank_correlations.push_back(rows(i).correlation);
    if (!is_nan(rows(i).overlap)) { overlap += rows(i).overlap, ++overlaps; }
    if (!is_nan(rows(i).correlation)) { correlation += rows(i).correlation, ++correlations; }
    pairs += rows(i).pairs;
    active += rows(i).active;
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

/// Compares a block of rows at a time, so that tables of K slots never exist for all rows at once.
template <class Policy, class S, class T, class Penalty, class Relation>
class teacher_comparison {
 public:
  teacher_comparison(Policy const& policy, matrix_view<S const> student,
                     matrix_view<T const> teacher, index_t k, Penalty penalty, Relation relation)
      : policy_(policy),
        rows_(teacher.extent(0)),
        slots_(std::min(k, std::max<index_t>(1, rows_ - 1))),
        penalty_(penalty),
        student_(policy, student, student, relation),
        teacher_(policy, teacher, teacher, relation),
        agreements_(policy, rows_),
        work_(policy, rows_, block(), slots_),
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
    auto const agreements =
        on_host(policy_, vector_view<row_agreement const>(agreements_.data(), rows_));
    sum_rows(agreements.vector(), result);
    describe_gaps(totals, result);
  }

 private:
  static constexpr index_t bytes = table_bytes<Policy> / 2;
  index_t block() const { return std::min(rows_, table_rows<float, std::int32_t>(slots_, bytes)); }

  /// Compares the teacher's table of a block of rows with the student's; returns the gaps of the
  /// teacher's pairs.
  matrix_view<double> compare(index_t first, matrix_view<float> values,
                              matrix_view<std::int32_t> indices) {
    index_t const count = values.extent(0);
    matrix_view<float> const near(values_.data(), count, slots_);
    matrix_view<std::int32_t> const near_ids(indices_.data(), count, slots_);
    matrix_view<double> const gaps(gaps_.data(), count, slots_);
    search_pairs(policy_, student_.score(first, count), block_keep<not_itself>{{true}, first}, near,
                 near_ids);
    using student_score = decltype(student_.score());
    using teacher_score = decltype(teacher_.score());
    work_.compare(policy_, compared_rows<student_score, teacher_score, Penalty>{
                               student_.score(), teacher_.score(), penalty_, first, values, indices,
                               near, near_ids, gaps, agreements_.data() + first});
    return gaps;
  }

  Policy const& policy_;
  index_t rows_, slots_;
  Penalty penalty_;
  scored_rows<Policy, S, S, Relation> student_;
  scored_rows<Policy, T, T, Relation> teacher_;
  scratch<row_agreement, Policy> agreements_;
  row_comparison<Policy> work_;
  scratch<float, Policy> values_;
  scratch<std::int32_t, Policy> indices_;
  scratch<double, Policy> gaps_;
};

template <class Policy, class S, class T, class Penalty, class Relation, class Result>
void compare_with_teacher(Policy const& policy, matrix_view<S const> student,
                          matrix_view<T const> teacher, index_t k, std::vector<double> const& edges,
                          Penalty penalty, Relation relation, Result& result) {
  teacher_comparison<Policy, S, T, Penalty, Relation>(policy, student, teacher, k, penalty,
                                                      relation)
      .run({edges.data(), index_t(result.histogram.size())}, result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
