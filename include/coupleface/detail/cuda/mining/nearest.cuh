// coupleface: nearest rows on a CUDA device: an exact search by relation.
#pragma once

#include <coupleface/detail/cuda/mining/pair_search.cuh>
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
  row_norm_pair<Derived, Q, C> const norms(policy, queries, candidates);
  relation_score<Q, C, Relation> const score{queries, candidates, norms.queries(),
                                             norms.candidates(), relation};
  search_pairs<Element>(policy, score, keep, values, indices, limits);
}

template <class Policy, class Q, class C, class V, class I, class Relation, class Keep>
class nearest_steps<Policy, Q, C, V, I, Relation, Keep,
                    std::enable_if_t<!is_host_policy_v<Policy>>> {
  using score_type = relation_score<Q, C, Relation>;
  static constexpr bool screened = screening_of<score_type> != screening::none;

 public:
  nearest_steps(Policy const& policy, matrix_view<Q const> queries, matrix_view<C const> candidates,
                matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep)
      : policy_(policy),
        norms_(policy, queries, candidates),
        score_{queries, candidates, norms_.queries(), norms_.candidates(), relation},
        keep_(keep),
        values_(values),
        indices_(indices) {
    if (values.extent(0) == 0 || values.extent(1) == 0) { return; }
    if constexpr (screened) {
      search_.emplace(policy, score_, keep, values, indices, device_limits{});
    }
  }

  index_t steps() const { return search_ ? search_->steps() : 0; }
  index_t step() const { return search_ ? search_->step() : 0; }
  void advance() { search_->advance(); }
  /// Nobody counts on a device: the number would have to be read back.
  index_t finish() {
    if (search_) {
      search_->finish();
    } else {
      search_pairs(policy_, score_, keep_, values_, indices_);
    }
    return 0;
  }
  template <class Visit>
  void visit_state(Visit& visit) {
    if (search_) { search_->visit_state(visit); }
  }
  char const* screen() const { return "bfloat16"; }

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
  row_norm_pair<Policy, Q, C> norms_;
  score_type score_;
  Keep keep_;
  matrix_view<V> values_;
  matrix_view<I> indices_;
  std::optional<std::conditional_t<
      screened, device_search<bfloat16, Policy, score_type, Keep, V, I>, nothing>>
      search_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
