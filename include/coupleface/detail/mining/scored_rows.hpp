// coupleface: the relation score of two sets of rows with its norms, whole or a block of queries at
// a time.
#pragma once

#include <coupleface/detail/for_each_row.hpp>
#include <coupleface/detail/mining/nearest.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Owns the norms of queries and candidates, in the policy's memory.
template <class Policy, class Q, class C, class Relation>
class scored_rows {
 public:
  scored_rows(Policy const& policy, matrix_view<Q const> queries, matrix_view<C const> candidates,
              Relation relation)
      : queries_(queries),
        candidates_(candidates),
        relation_(relation),
        norms_(policy, queries, candidates) {}

  index_t queries() const { return queries_.extent(0); }
  index_t candidates() const { return candidates_.extent(0); }

  relation_score<Q, C, Relation> score() const { return score(0, queries()); }

  /// Of queries first ... first + count - 1, which it counts from 0.
  relation_score<Q, C, Relation> score(index_t first, index_t count) const {
    matrix_view<Q const> const some(queries_.row(first), count, queries_.extent(1),
                                    queries_.stride(0));
    return {some, candidates_, norms_.queries() + first, norms_.candidates(), relation_};
  }

 private:
  matrix_view<Q const> queries_;
  matrix_view<C const> candidates_;
  Relation relation_;
  row_norm_pair<Policy, Q, C> norms_;
};

/// What `keep` says of a block of queries that begins at `first`.
template <class Keep>
struct block_keep {
  Keep keep;
  index_t first;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t query, index_t candidate) const {
    return keep(first + query, candidate);
  }
};

/// Memory for a table that is only an intermediate step. A device packs the candidates anew for
/// every block of queries, and has more memory.
template <class Policy>
inline constexpr index_t table_bytes = index_t(is_host_policy_v<Policy> ? 32 : 1024) << 20;

/// How many rows of `width` slots fit into `bytes`: at least one.
template <class V, class I>
index_t table_rows(index_t width, index_t bytes) {
  return std::max<index_t>(1, bytes / (width * index_t(sizeof(V) + sizeof(I))));
}

/// The best `width` > 0 candidates of every query, in a table for as many queries at a time as fit
/// into `bytes`; use(first, values, indices) sees each block, whose row i is query first + i.
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
