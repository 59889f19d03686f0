// SPDX-License-Identifier: Apache-2.0
// coupleface: an exact search by blocks of queries, so that the table of all queries is never
// stored.
#pragma once

#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/pair_search.hpp>
#include <coupleface/detail/search/scored_rows.hpp>
#include <coupleface/policy.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Applies `keep` to a block of queries that begins at `first`.
template <class Keep>
struct block_keep {
  Keep keep;
  index_t first;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return keep(first + query, candidate);
  }
};

/// Memory for an intermediate table. A device packs the candidates again for every block of
/// queries, and has more memory.
template <class Policy>
inline constexpr index_t table_bytes = index_t(is_host_policy_v<Policy> ? 32 : 1024) << 20;

/// Number of rows of `width` slots that fit into `bytes`, at least one.
template <class V, class I>
index_t table_rows(index_t width, index_t bytes) {
  return std::max<index_t>(1, bytes / (width * index_t(sizeof(V) + sizeof(I))));
}

/// Finds the best `width` > 0 candidates of every query, for as many queries at a time as fit into
/// `bytes`. Calls use(first, values, indices) for each block; row i of a block is query first + i.
template <class V, class I, class Policy, class Rows, class Keep, class Use>
void search_in_blocks(Policy const& policy, Rows const& rows, Keep const& keep, index_t width,
                      index_t bytes, Use use) {
  index_t const block = std::min(rows.queries(), table_rows<V, I>(width, bytes));
  scratch<V, Policy> const values(policy, block * width);
  scratch<I, Policy> const indices(policy, block * width);
  for (index_t first = 0; first < rows.queries(); first += block) {
    index_t const count = std::min(block, rows.queries() - first);
    matrix_view<V> const some_values(values.data(), count, width);
    matrix_view<I> const some_indices(indices.data(), count, width);
    search_pairs(policy, rows.score(first, count), block_keep<Keep>{keep, first}, some_values,
                 some_indices);
    use(first, some_values, some_indices);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
