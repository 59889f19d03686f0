// SPDX-License-Identifier: Apache-2.0
// coupleface: mining of the nearest rows on the host: an exact search by relation.
#pragma once

#include <coupleface/detail/search/pair_search.hpp>
#include <coupleface/detail/search/scored_rows.hpp>

#include <optional>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived, class Q, class C, class V, class I, class Relation, class Keep>
void mine_nearest(host_policy<Derived> const& base, matrix_view<Q const> queries,
                  matrix_view<C const> candidates, matrix_view<V> values, matrix_view<I> indices,
                  Relation relation, Keep keep, screen_kernels kernels = {}) {
  auto const& policy = static_cast<Derived const&>(base);
  if (values.extent(1) == 0) { return; }
  scored_rows<Derived, Q, C, Relation> const rows(policy, queries, candidates, relation);
  search_pairs(policy, rows.score(), keep, values, indices, kernels);
}

/// The same search, one step at a time; zero steps if there is nothing to search.
template <class Policy, class Q, class C, class V, class I, class Relation, class Keep,
          class = void>
class nearest_steps {
 public:
  nearest_steps(Policy const& policy, matrix_view<Q const> queries, matrix_view<C const> candidates,
                matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep,
                screen_kernels kernels = {})
      : rows_(policy, queries, candidates, relation) {
    if (values.extent(0) == 0 || values.extent(1) == 0) { return; }
    search_.emplace(policy, rows_.score(), keep, values, indices, kernels);
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
    switch ((search_ ? search_->kernels() : best_screen()).element) {
      case screen_element::float32:
        return "float";
      case screen_element::int16_pair:
        return "int16";
      default:
        return "int8";
    }
  }

 private:
  scored_rows<Policy, Q, C, Relation> rows_;
  std::optional<pair_search<Policy, relation_score<Q, C, Relation>, V, I, Keep>> search_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/mining/nearest.cuh>
#endif
