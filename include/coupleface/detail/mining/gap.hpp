// SPDX-License-Identifier: Apache-2.0
// coupleface: the candidates on which student and teacher disagree most.
#pragma once

#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/search/pair_search.hpp>
#include <coupleface/detail/search/row_norm_pair.hpp>
#include <coupleface/detail/search/unit_row.hpp>

COUPLEFACE_NAMESPACE_BEGIN

struct violation;
struct absolute_gap;

namespace detail {

/// A student's unit row followed by the teacher's unit row times `sign`.
template <class S, class T>
struct unit_pair {
  unit_row<S> student;
  unit_row<T> teacher;
  index_t student_width;
  float sign;
  COUPLEFACE_HOST_DEVICE float operator()(index_t j) const {
    return j < student_width ? student(j) : sign * teacher(j - student_width);
  }
};

inline constexpr double norm_of_two_unit_rows = 1.4142136;  ///< sqrt(2), rounded up

/// gap(cosine of the student's rows, cosine of the teacher's rows), in double. The screen packs the
/// student's and the teacher's unit rows side by side as one row. The teacher's part is negated for
/// queries, so the product of two packed rows is the gap.
template <class SQ, class SC, class TQ, class TC, class Gap>
struct gap_score {
  matrix_view<SQ const> student_queries;
  matrix_view<SC const> student_candidates;
  matrix_view<TQ const> teacher_queries;
  matrix_view<TC const> teacher_candidates;
  double const* student_query_norms;
  double const* student_candidate_norms;
  double const* teacher_query_norms;
  double const* teacher_candidate_norms;
  Gap gap;

  COUPLEFACE_HOST_DEVICE index_t queries() const { return student_queries.extent(0); }
  COUPLEFACE_HOST_DEVICE index_t candidates() const { return student_candidates.extent(0); }
  COUPLEFACE_HOST_DEVICE double operator()(index_t query, index_t candidate) const {
    return by_team(one_thread{}, query, candidate);
  }
  template <class Team>
  COUPLEFACE_HOST_DEVICE double by_team(Team const& team, index_t query, index_t candidate) const {
    index_t const student_width = student_queries.extent(1);
    index_t const teacher_width = teacher_queries.extent(1);
    row<SQ> const s{student_queries.row(query), student_width, student_query_norms[query]};
    row<SC> const g{student_candidates.row(candidate), student_width,
                    student_candidate_norms[candidate]};
    row<TQ> const t{teacher_queries.row(query), teacher_width, teacher_query_norms[query]};
    row<TC> const h{teacher_candidates.row(candidate), teacher_width,
                    teacher_candidate_norms[candidate]};
    return gap(row_cosine(team, s, g), row_cosine(team, t, h));
  }

  static constexpr bool packs_alike = false;
  using query_element = SQ;
  using candidate_element = SC;
  static constexpr bool absolute = std::is_same_v<Gap, absolute_gap>;
  static constexpr screening screens_by =
      absolute || std::is_same_v<Gap, violation> ? screening::direct : screening::none;

  COUPLEFACE_HOST_DEVICE bool symmetric() const {
    return same_rows(student_queries, student_candidates) &&
           same_rows(teacher_queries, teacher_candidates);
  }
  COUPLEFACE_HOST_DEVICE index_t packed_width() const {
    return student_queries.extent(1) + teacher_queries.extent(1);
  }
  COUPLEFACE_HOST_DEVICE double magnitude() const { return norm_of_two_unit_rows; }
  void write_query(index_t i, float* unit) const {
    write_pair(student_queries, student_query_norms, teacher_queries, teacher_query_norms, i, unit);
    for (index_t j = student_queries.extent(1); j < packed_width(); ++j) { unit[j] = -unit[j]; }
  }
  void write_candidate(index_t j, float* unit) const {
    write_pair(student_candidates, student_candidate_norms, teacher_candidates,
               teacher_candidate_norms, j, unit);
  }
  COUPLEFACE_HOST_DEVICE bool odd_query(index_t i) const {
    return !is_finite(student_query_norms[i]) || !is_finite(teacher_query_norms[i]);
  }
  COUPLEFACE_HOST_DEVICE bool odd_candidate(index_t j) const {
    return !is_finite(student_candidate_norms[j]) || !is_finite(teacher_candidate_norms[j]);
  }
  COUPLEFACE_HOST_DEVICE auto query_unit(index_t i) const {
    return unit_pair_of(student_queries, student_query_norms, teacher_queries, teacher_query_norms,
                        i, -1.0f);
  }
  COUPLEFACE_HOST_DEVICE auto candidate_unit(index_t j) const {
    return unit_pair_of(student_candidates, student_candidate_norms, teacher_candidates,
                        teacher_candidate_norms, j, 1.0f);
  }
  template <std::size_t N, class I>
  void evaluate(index_t query, I const (&ids)[N], double (&out)[N]) const {
    for (std::size_t k = 0; k < N; ++k) { out[k] = (*this)(query, ids[k]); }
  }
  index_t candidate_bytes() const {
    return student_candidates.extent(1) * index_t(sizeof(SC)) +
           teacher_candidates.extent(1) * index_t(sizeof(TC));
  }

 private:
  template <class S, class T>
  COUPLEFACE_HOST_DEVICE static unit_pair<S, T> unit_pair_of(matrix_view<S const> student,
                                                             double const* student_norms,
                                                             matrix_view<T const> teacher,
                                                             double const* teacher_norms, index_t i,
                                                             float sign) {
    return {unit_row<S>(student.row(i), student_norms[i], 0.0f),
            unit_row<T>(teacher.row(i), teacher_norms[i], 0.0f), student.extent(1), sign};
  }
  template <class S, class T>
  static void write_pair(matrix_view<S const> student, double const* student_norms,
                         matrix_view<T const> teacher, double const* teacher_norms, index_t i,
                         float* unit) {
    index_t const width = student.extent(1);
    write_unit_row(student.row(i), student_norms[i], width, 0.0f, unit);
    write_unit_row(teacher.row(i), teacher_norms[i], teacher.extent(1), 0.0f, unit + width);
  }
};

template <class Policy, class SQ, class SC, class TQ, class TC, class V, class I, class Gap,
          class Keep>
void mine_gap(Policy const& policy, matrix_view<SQ const> student_queries,
              matrix_view<SC const> student_candidates, matrix_view<TQ const> teacher_queries,
              matrix_view<TC const> teacher_candidates, matrix_view<V> values,
              matrix_view<I> indices, Gap gap, Keep keep) {
  row_norm_pair<Policy, SQ, SC> const student(policy, student_queries, student_candidates);
  row_norm_pair<Policy, TQ, TC> const teacher(policy, teacher_queries, teacher_candidates);
  gap_score<SQ, SC, TQ, TC, Gap> const score{
      student_queries,    student_candidates,   teacher_queries,
      teacher_candidates, student.queries(),    student.candidates(),
      teacher.queries(),  teacher.candidates(), gap};
  search_pairs(policy, score, keep, values, indices);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/mining/gap.cuh>
#endif
