// coupleface: candidates of a window of ranks, host side.
#pragma once

#include <coupleface/detail/mining/scored_rows.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Slots `skip` ... of one ranked row of `width` slots; empty ones beyond it.
template <class V, class I>
void copy_window(V const* ranked_values, I const* ranked_indices, index_t width, index_t skip,
                 V* values, I* indices, index_t slots) {
  bounded_heap<V, I>(values, indices, slots).clear();
  for (index_t slot = 0; slot < slots && skip + slot < width; ++slot) {
    values[slot] = ranked_values[skip + slot];
    indices[slot] = ranked_indices[skip + slot];
  }
}

template <class Derived, class Q, class C, class V, class I, class Relation, class Keep>
void mine_rank_window(host_policy<Derived> const& base, matrix_view<Q const> queries,
                      matrix_view<C const> candidates, index_t skip, matrix_view<V> values,
                      matrix_view<I> indices, Relation relation, Keep keep,
                      index_t bytes = table_bytes) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const m = candidates.extent(0), slots = values.extent(1);
  if (skip >= m || slots == 0) {
    for_each_index(policy, queries.extent(0), [=](index_t i) {
      bounded_heap<V, I>(values.row(i), indices.row(i), slots).clear();
    });
    return;
  }
  index_t const width = skip + std::min(m - skip, slots);
  scored_rows<Derived, Q, C, Relation> const rows(policy, queries, candidates, relation);
  search_in_blocks<V, I>(
      policy, rows, keep, width, bytes,
      [&](index_t first, matrix_view<V> ranked_values, matrix_view<I> ranked_indices) {
        for_each_index(policy, ranked_values.extent(0), [=](index_t i) {
          copy_window(ranked_values.row(i), ranked_indices.row(i), width, skip,
                      values.row(first + i), indices.row(first + i), slots);
        });
      });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
