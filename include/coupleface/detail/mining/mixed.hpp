// coupleface: the nearest candidates and random ones of the rest, host side.
#pragma once

#include <coupleface/detail/mining/random.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

// The nearest are exactly the kept candidates that do not rank after the last of them. So one
// comparison tells whether a random one is new, and the row is in order as it is filled.
template <class Derived, class Q, class C, class V, class I, class Relation, class Keep>
void mine_mixed(host_policy<Derived> const& base, matrix_view<Q const> queries,
                matrix_view<C const> candidates, index_t hard, std::uint64_t seed,
                matrix_view<V> values, matrix_view<I> indices, Relation relation, Keep keep) {
  if (hard == 0) {
    mine_random(base, queries, candidates, seed, values, indices, relation, keep);
    return;
  }
  auto const& policy = static_cast<Derived const&>(base);
  scored_rows<Derived, Q, C, Relation> const rows(policy, queries, candidates, relation);
  auto const score = rows.score();
  index_t const n = queries.extent(0);
  search_pairs(policy, score, keep, matrix_view<V>(values.data_handle(), n, hard, values.stride(0)),
               matrix_view<I>(indices.data_handle(), n, hard, indices.stride(0)));
  for_each_index(policy, n, [=](index_t i) {
    ranks_after const last{double(values(i, hard - 1)), index_t(indices(i, hard - 1))};
    draw_row(score, keep, last, seed, i, values.row(i) + hard, indices.row(i) + hard,
             values.extent(1) - hard);
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
