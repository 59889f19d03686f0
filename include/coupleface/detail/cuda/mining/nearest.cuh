// SPDX-License-Identifier: Apache-2.0
// coupleface: mining of the nearest rows on a CUDA device: an exact search by relation.
#pragma once

#include <coupleface/detail/cuda/search/streamed_search.cuh>
#include <coupleface/detail/mining/nearest.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Element = bfloat16, class Derived, class Q, class C, class V, class I,
          class Relation, class Keep>
void mine_nearest(cuda_policy<Derived> const& base, matrix_view<Q const> queries,
                  matrix_view<C const> candidates, matrix_view<V> values, matrix_view<I> indices,
                  Relation relation, Keep keep, device_limits limits = {}) {
  auto const& policy = static_cast<Derived const&>(base);
  if (values.extent(1) == 0) { return; }
  using streamed = streamed_search<Element, Derived, Q, C, V, I, Relation, Keep>;
  if (streamed::is_needed(queries, candidates)) {
    streamed search(policy, queries, candidates, values, indices, relation, keep, limits);
    while (search.step() < search.steps()) { search.advance(); }
    return;
  }
  scored_rows<Derived, Q, C, Relation> const rows(policy, queries, candidates, relation);
  // Uses the predicate for blocks, so that kernels are compiled only once.
  search_pairs<Element>(policy, rows.score(), streamed_keep<Keep>{keep, 0, 0}, values, indices,
                        limits);
}

/// The steps of a search over rows that the device can read in place.
template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
class resident_steps {
  using score_type = relation_score<Q, C, Relation>;
  static constexpr bool screened = screening_of<score_type> != screening::none;

 public:
  resident_steps(Policy const& policy, matrix_view<Q const> queries,
                 matrix_view<C const> candidates, matrix_view<V> values, matrix_view<I> indices,
                 Relation relation, Keep keep)
      : policy_(policy),
        rows_(policy, queries, candidates, relation),
        keep_{keep, 0, 0},
        values_(values),
        indices_(indices) {
    if constexpr (screened) {
      search_.emplace(policy, rows_.score(), keep_, values, indices, device_limits{});
    }
  }

  index_t steps() const { return search_ ? search_->steps() : 0; }
  index_t step() const { return search_ ? search_->step() : 0; }
  void advance() { search_->advance(); }
  void finish() {
    if (search_) {
      search_->finish();
    } else {
      search_pairs(policy_, rows_.score(), keep_, values_, indices_);
    }
  }
  template <class Visit>
  void visit_state(Visit& visit) {
    if (search_) { search_->visit_state(visit); }
  }

 private:
  struct nothing {
    index_t steps() const { return 0; }
    index_t step() const { return 0; }
    void advance() {}
    void finish() {}
    template <class Visit>
    void visit_state(Visit&) {}
  };
  Policy const& policy_;
  scored_rows<Policy, Q, C, Relation> rows_;
  streamed_keep<Keep> keep_;
  matrix_view<V> values_;
  matrix_view<I> indices_;
  std::optional<std::conditional_t<
      screened, device_search<bfloat16, Policy, score_type, streamed_keep<Keep>, V, I>, nothing>>
      search_;
};

template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
class nearest_steps<Policy, Q, C, V, I, Relation, Keep,
                    std::enable_if_t<!is_host_policy_v<Policy>>> {
 public:
  nearest_steps(Policy const& policy, matrix_view<Q const> queries, matrix_view<C const> candidates,
                matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep,
                device_limits limits = {}) {
    if (values.extent(0) == 0 || values.extent(1) == 0) { return; }
    if (streamed::is_needed(queries, candidates)) {
      streamed_.emplace(policy, queries, candidates, values, indices, relation, keep, limits);
    } else {
      resident_.emplace(policy, queries, candidates, values, indices, relation, keep);
    }
  }

  index_t steps() const {
    return streamed_ ? streamed_->steps() : resident_ ? resident_->steps() : 0;
  }
  index_t step() const { return streamed_ ? streamed_->step() : resident_ ? resident_->step() : 0; }
  void advance() { streamed_ ? streamed_->advance() : resident_->advance(); }
  /// Returns 0: a device does not count exact scores, because the number would have to be read
  /// back.
  index_t finish() {
    if (resident_) { resident_->finish(); }
    return 0;
  }
  template <class Visit>
  void visit_state(Visit& visit) {
    if (streamed_) { streamed_->visit_state(visit); }
    if (resident_) { resident_->visit_state(visit); }
  }
  char const* screen() const { return "bfloat16"; }

 private:
  using streamed = streamed_search<bfloat16, Policy, Q, C, V, I, Relation, Keep>;
  std::optional<streamed> streamed_;
  std::optional<resident_steps<Policy, Q, C, V, I, Relation, Keep>> resident_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
