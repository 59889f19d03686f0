// SPDX-License-Identifier: Apache-2.0
// coupleface: scores of listed pairs.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/relation.hpp>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class A, class B, class I, class J, class S, class Relation>
struct pair_score_body {
  matrix_view<A const> a;
  matrix_view<B const> b;
  vector_view<I const> a_ids;
  vector_view<J const> b_ids;
  vector_view<S> scores;
  double const* a_norms;  ///< null: each pair computes its own norms
  double const* b_norms;
  Relation relation;

  template <class Team, class T>
  COUPLEFACE_HOST_DEVICE static row<T> row_of(Team const& team, matrix_view<T const> x,
                                              double const* norms, index_t i) {
    index_t const width = x.extent(1);
    return {x.row(i), width, norms != nullptr ? norms[i] : row_norm(team, x.row(i), width)};
  }
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t pair) const {
    index_t const i = index_t(a_ids(pair)), j = index_t(b_ids(pair));
    double score = not_a_number;
    if (i >= 0 && i < a.extent(0) && j >= 0 && j < b.extent(0)) {
      score = relation_by(team, relation, row_of(team, a, a_norms, i), row_of(team, b, b_norms, j));
    }
    if (team.leads()) { scores(pair) = store<S>(score); }
  }
};

// Ids on a device are not read back; a pair with an id outside the rows gets NaN.
template <class Policy, class A, class B, class I, class J, class S, class Relation>
void pair_scores(Policy const& policy, matrix_view<A const> a, matrix_view<B const> b,
                 vector_view<I const> a_ids, vector_view<J const> b_ids, vector_view<S> scores,
                 Relation relation) {
  if constexpr (is_host_policy_v<Policy>) {
    expect_ids_inside("pair_scores", "a_ids", a_ids, "a", a.extent(0));
    expect_ids_inside("pair_scores", "b_ids", b_ids, "b", b.extent(0));
  }
  index_t const rows = a.extent(0) + b.extent(0);
  bool const few_pairs = 2 * scores.extent(0) <= rows;  // then each pair computes norms; same bits
  scratch<double, Policy> const norms(policy, few_pairs ? 0 : rows);
  double* const a_norms = norms.data();
  double* const b_norms = few_pairs ? nullptr : a_norms + a.extent(0);
  if (!few_pairs) {
    row_norms(policy, a, a_norms);
    row_norms(policy, b, b_norms);
  }
  for_each_row<A, B>(policy, scores.extent(0),
                     pair_score_body<A, B, I, J, S, Relation>{a, b, a_ids, b_ids, scores, a_norms,
                                                              b_norms, relation});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
