// SPDX-License-Identifier: Apache-2.0
// coupleface: mining of the nearest candidates that lie a margin below each query's positive.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/rounded_product.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/limited_score.hpp>
#include <coupleface/detail/search/pair_search.hpp>
#include <coupleface/detail/search/scored_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct limit_of_each {
  double const* limits;
  COUPLEFACE_HOST_DEVICE double operator()(index_t query) const { return limits[query]; }
};

/// Rejects the positive itself, which a margin of 0 or a relation of 0 would admit, and rejects all
/// candidates of a query without a limit.
template <class P, class Keep>
struct below_positive {
  vector_view<P const> positives;
  double const* limits;
  Keep keep;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return !is_nan(limits[query]) && index_t(positives(query)) != candidate &&
           keep(query, candidate);
  }
};

/// The largest relation a negative may have, given the positive's; NaN if that is not finite.
COUPLEFACE_HOST_DEVICE inline double limit_below(double positive, double margin) {
  return is_finite(positive) ? positive - rounded_product(margin, std::fabs(positive))
                             : not_a_number;
}

/// Stores each query's limit; NaN if it has no positive.
template <class Score, class P>
struct store_limits {
  Score score;
  vector_view<P const> positives;
  double margin;
  double* limits;
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const positive = index_t(positives(i));
    double limit = not_a_number;
    // A device does not reject unknown ids, so it must not dereference them.
    if (positive >= 0 && positive < score.candidates()) {
      limit = limit_below(score_by(team, score, i, positive), margin);
    }
    if (team.leads()) { limits[i] = limit; }
  }
};

template <class Policy, class Q, class C, class P, class V, class I, class Relation, class Keep>
void mine_relative_margin(Policy const& policy, matrix_view<Q const> queries,
                          matrix_view<C const> candidates, vector_view<P const> positives,
                          double margin, matrix_view<V> values, matrix_view<I> indices,
                          Relation relation, Keep keep) {
  if constexpr (is_host_policy_v<Policy>) {
    expect_ids("mine_relative_margin", "positives", positives, candidates.extent(0));
  }
  scored_rows<Policy, Q, C, Relation> const rows(policy, queries, candidates, relation);
  scratch<double, Policy> const limits(policy, queries.extent(0));
  auto const score = rows.score();
  double* const limit = limits.data();
  for_each_row<Q, C>(
      policy, queries.extent(0),
      store_limits<relation_score<Q, C, Relation>, P>{score, positives, margin, limit});
  using score_type = limited_score<relation_score<Q, C, Relation>, limit_of_each>;
  search_pairs(policy, score_type{score, {limit}}, below_positive<P, Keep>{positives, limit, keep},
               values, indices);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
