// coupleface: the nearest candidates clearly below each query's positive, host side.
#pragma once

#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/mining/similarity_window.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct limit_of_each {
  double const* limits;
  double operator()(index_t query) const { return limits[query]; }
};

/// Never the positive itself, which a margin of 0 or a relation of 0 would let through, and nothing
/// where no limit is.
template <class P, class Keep>
struct below_positive {
  vector_view<P const> positives;
  double const* limits;
  Keep keep;
  bool operator()(index_t query, index_t candidate) const {
    return !std::isnan(limits[query]) && index_t(positives(query)) != candidate &&
           keep(query, candidate);
  }
};

/// What a negative's relation may be beside a positive's; NaN where the latter is not finite.
inline double limit_below(double positive, double margin) {
  return std::isfinite(positive) ? positive - margin * std::fabs(positive) : not_a_number;
}

template <class Derived, class Q, class C, class P, class V, class I, class Relation, class Keep>
void mine_relative_margin(host_policy<Derived> const& base, matrix_view<Q const> queries,
                          matrix_view<C const> candidates, vector_view<P const> positives,
                          double margin, matrix_view<V> values, matrix_view<I> indices,
                          Relation relation, Keep keep) {
  auto const& policy = static_cast<Derived const&>(base);
  expect_ids("mine_relative_margin", "positives", positives, candidates.extent(0));
  scored_rows<Derived, Q, C, Relation> const rows(policy, queries, candidates, relation);
  scratch<double, Derived> const limits(policy, queries.extent(0));
  auto const score = rows.score();
  double* const limit = limits.data();
  for_each_index(policy, queries.extent(0), [=](index_t i) {
    limit[i] = positives(i) < 0 ? not_a_number : limit_below(score(i, positives(i)), margin);
  });
  using score_type = limited_score<relation_score<Q, C, Relation>, limit_of_each>;
  search_pairs(policy, score_type{score, {limit}}, below_positive<P, Keep>{positives, limit, keep},
               values, indices);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
