// SPDX-License-Identifier: Apache-2.0
// coupleface: merges the results of queries that several blocks scanned, one segment of the
// candidates each.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>
#include <coupleface/detail/search/device_plan.hpp>
#include <coupleface/detail/top_k.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Queries in any order; their number is known only on the device. A null list means all queries.
struct scanned_queries {
  index_t const* list;
  int const* count;
  index_t all;

  COUPLEFACE_HOST_DEVICE index_t size() const { return list == nullptr ? all : index_t(*count); }
  COUPLEFACE_HOST_DEVICE index_t operator[](index_t at) const {
    return list == nullptr ? at : list[at];
  }
};

/// Merges the best of several blocks' work for queries that were scanned by segments. An entry's
/// slot is the number of entries in all segments that rank before it.
template <class V, class I>
struct merge_segments_kernel {
  static constexpr int threads = 128;
  scanned_queries queries;
  matrix_view<V> values;
  matrix_view<I> indices;
  index_t candidates;
  index_t blocks;  ///< of the scan
  index_t capacity;
  V const* work;
  I const* work_ids;
  int const* counts;

  /// The number of entries of a sorted list that rank before an entry.
  COUPLEFACE_HOST_DEVICE index_t before(index_t list, V value, I id) const {
    index_t low = 0, high = counts[list];
    while (low < high) {
      index_t const middle = low + (high - low) / 2, at = list * capacity + middle;
      if (ranks_before(load(work[at]), work_ids[at], load(value), id)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  COUPLEFACE_HOST_DEVICE void merge(index_t at, index_t segments) const {
    index_t const q = queries[at], k = indices.extent(1);
    auto const list_of = [&](index_t segment) {
      return (at / scan_rows * segments + segment) * scan_rows + at % scan_rows;
    };
    index_t all = 0;
    for (index_t s = 0; s < segments; ++s) { all += counts[list_of(s)]; }
    for (index_t s = 0; s < segments; ++s) {
      for (index_t e = thread_in_block(); e < counts[list_of(s)]; e += threads) {
        V const value = work[list_of(s) * capacity + e];
        I const id = work_ids[list_of(s) * capacity + e];
        index_t slot = 0;
        for (index_t other = 0; other < segments; ++other) {
          slot += other == s ? e : before(list_of(other), value, id);
        }
        if (slot < k) { values(q, slot) = value, indices(q, slot) = id; }
      }
    }
    for (index_t slot = all + thread_in_block(); slot < k; slot += threads) {
      values(q, slot) = store<V>(no_score), indices(q, slot) = I(-1);
    }
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    index_t const segments = scan_segments(queries.size(), candidates, blocks);
    if (segments == 1) { return; }
    for (index_t at = block_in_grid(); at < queries.size(); at += blocks_in_grid()) {
      merge(at, segments);
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
