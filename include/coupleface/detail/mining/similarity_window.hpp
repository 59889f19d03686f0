// coupleface: the nearest candidates up to a limit of the relation, host side.
#pragma once

#include <coupleface/detail/mining/scored_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A score whose pairs count only up to limit(query), which NaN never does and where a NaN limit
/// lets nothing through.
template <class Score, class Limit>
struct limited_score : Score {
  Limit limit_of;
  double limit(index_t query) const { return limit_of(query); }
};

struct same_limit {
  double value;
  double operator()(index_t) const { return value; }
};

/// Empties the slots of a ranked row without NaN whose value is under `lowest`.
template <class V, class I>
void cut_below(double lowest, V* values, I* indices, index_t slots) {
  for (index_t slot = slots; slot-- > 0 && !(values[slot] >= lowest);) {
    values[slot] = store<V>(no_score);
    indices[slot] = I(-1);
  }
}

template <class Derived, class Q, class C, class V, class I, class Relation, class Keep>
void mine_similarity_window(host_policy<Derived> const& base, matrix_view<Q const> queries,
                            matrix_view<C const> candidates, double lowest, double highest,
                            matrix_view<V> values, matrix_view<I> indices, Relation relation,
                            Keep keep) {
  auto const& policy = static_cast<Derived const&>(base);
  scored_rows<Derived, Q, C, Relation> const rows(policy, queries, candidates, relation);
  using score_type = limited_score<relation_score<Q, C, Relation>, same_limit>;
  search_pairs(policy, score_type{rows.score(), {highest}}, keep, values, indices);
  for_each_index(policy, queries.extent(0), [=](index_t i) {
    cut_below(lowest, values.row(i), indices.row(i), values.extent(1));
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
