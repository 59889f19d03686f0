// coupleface: nearest rows, host side: an exact search by relation.
#pragma once

#include <coupleface/detail/mining/pair_search.hpp>
#include <coupleface/detail/normalize.hpp>

#include <optional>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The norms that scores of two sets of rows need; one array where both are the same rows.
template <class Derived, class Q, class C>
class row_norm_pair {
 public:
  row_norm_pair(Derived const& policy, matrix_view<Q const> queries,
                matrix_view<C const> candidates)
      : same_(same_rows(queries, candidates)),
        norms_(policy, queries.extent(0) + (same_ ? 0 : candidates.extent(0))),
        candidates_(norms_.data() + (same_ ? 0 : queries.extent(0))) {
    row_norms(policy, queries, norms_.data());
    if (!same_) { row_norms(policy, candidates, norms_.data() + queries.extent(0)); }
  }
  double const* queries() const { return norms_.data(); }
  double const* candidates() const { return candidates_; }

 private:
  bool same_;
  scratch<double, Derived> norms_;
  double const* candidates_;
};

template <class Derived, class Q, class C, class V, class I, class Relation, class Keep>
void mine_nearest(host_policy<Derived> const& base, matrix_view<Q const> queries,
                  matrix_view<C const> candidates, matrix_view<V> values, matrix_view<I> indices,
                  Relation relation, Keep keep, screen_kernels kernels = best_screen()) {
  auto const& policy = static_cast<Derived const&>(base);
  if (values.extent(1) == 0) { return; }
  row_norm_pair<Derived, Q, C> const norms(policy, queries, candidates);
  relation_score<Q, C, Relation> const score{queries, candidates, norms.queries(),
                                             norms.candidates(), relation};
  search_pairs(policy, score, keep, values, indices, kernels);
}

/// The same search, one step at a time; none where there is nothing to search for.
template <class Policy, class Q, class C, class V, class I, class Relation, class Keep,
          class = void>
class nearest_steps {
  using score_type = relation_score<Q, C, Relation>;

 public:
  nearest_steps(Policy const& policy, matrix_view<Q const> queries, matrix_view<C const> candidates,
                matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep,
                screen_kernels kernels = best_screen())
      : norms_(policy, queries, candidates), kernels_(kernels) {
    if (values.extent(0) == 0 || values.extent(1) == 0) { return; }
    search_.emplace(
        policy, score_type{queries, candidates, norms_.queries(), norms_.candidates(), relation},
        keep, values, indices, kernels);
  }

  index_t steps() const { return search_ ? search_->steps() : 0; }
  index_t step() const { return search_ ? search_->step() : 0; }
  void advance() { search_->advance(); }
  index_t finish() { return search_ ? search_->finish() : 0; }
  template <class Visit>
  void visit_state(Visit& visit) {
    if (search_) { search_->visit_state(visit); }
  }
  char const* screen() const {
    return kernels_.element == screen_element::float32 ? "float" : "int16";
  }

 private:
  row_norm_pair<Policy, Q, C> norms_;
  screen_kernels kernels_;
  std::optional<pair_search<Policy, score_type, V, I, Keep>> search_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/mining/nearest.cuh>
#endif
