// SPDX-License-Identifier: Apache-2.0
// coupleface: the K best of a query by the exact values of all candidates, for queries whose lists
// overflowed or lack pairs, and for scores without a screen.
//
// A block scans all candidates for eight queries, sixteen candidates at a time, with a thread per
// pair. Pairs that beat the K-th best so far are collected in the block's working memory, which is
// sorted when it is full.
#pragma once

#include <coupleface/detail/cuda/search/merge_segments.cuh>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/cuda/top_k.cuh>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class V, class I>
struct scan_state {
  V worst[scan_rows];  ///< the K-th best so far
  I worst_id[scan_rows];
  int counts[scan_rows];
  int ready[scan_rows];  ///< 1: there are K entries
};

template <class Score, class Keep, class V, class I>
struct exact_scan_kernel {
  static constexpr int threads = int(scan_rows * scan_columns);
  static constexpr index_t shared_bytes = sizeof(scan_state<V, I>);
  using sorting = top_k_kernel<V, V, I>;
  static_assert(threads == sorting::threads);
  Score score;
  Keep keep;
  scanned_queries queries;
  matrix_view<V> values;
  matrix_view<I> indices;
  index_t capacity;
  V* work;  ///< [blocks, scan_rows, capacity]
  I* work_ids;
  int* counts;  ///< [blocks, scan_rows] final entries of each query's work

  COUPLEFACE_HOST_DEVICE static scan_state<V, I>& state() {
    return *reinterpret_cast<scan_state<V, I>*>(shared_memory());
  }
  COUPLEFACE_HOST_DEVICE index_t place(int y) const {
    return (block_in_grid() * scan_rows + y) * capacity;
  }

  COUPLEFACE_HOST_DEVICE void offer(int y, index_t q, index_t c) const {
    if (!keep(q, c)) { return; }
    V const value = store<V>(score_by(row_team<dot_lanes>(), score, q, c));
    if constexpr (has_limit<Score>) {
      if (!(value <= score.limit(q))) { return; }
    }
    scan_state<V, I>& now = state();
    if (now.ready[y] && !ranks_before(load(value), c, load(now.worst[y]), now.worst_id[y])) {
      return;
    }
    int const at = add_atomically(&now.counts[y], 1);
    work[place(y) + at] = value;
    work_ids[place(y) + at] = static_cast<I>(c);
  }

  /// Sorts a query's entries and keeps the K best; all threads of the block must call it.
  COUPLEFACE_HOST_DEVICE void settle(int y) const {
    scan_state<V, I>& now = state();
    sorting::sort(work + place(y), work_ids + place(y), now.counts[y]);
    wait_for_block();
    if (thread_in_block() != 0 || now.counts[y] < indices.extent(1)) { return; }
    now.counts[y] = int(indices.extent(1));
    now.ready[y] = 1;
    now.worst[y] = work[place(y) + now.counts[y] - 1];
    now.worst_id[y] = work_ids[place(y) + now.counts[y] - 1];
  }

  COUPLEFACE_HOST_DEVICE void write(int y, index_t q) const {
    for (index_t slot = thread_in_block(); slot < indices.extent(1); slot += threads) {
      bool const filled = slot < state().counts[y];
      values(q, slot) = filled ? work[place(y) + slot] : store<V>(no_score);
      indices(q, slot) = filled ? work_ids[place(y) + slot] : I(-1);
    }
  }

  /// Finds the best of candidates [begin, end) for `rows` queries, starting at position `first`.
  COUPLEFACE_HOST_DEVICE void scan(index_t first, int rows, index_t begin, index_t end) const {
    int const y = thread_in_block() / int(scan_columns), x = thread_in_block() % int(scan_columns);
    if (x == 0) { state().counts[y] = state().ready[y] = 0; }
    wait_for_block();
    for (index_t c = begin + x; c - x < end; c += scan_columns) {
      if (y < rows && c < end) { offer(y, queries[first + y], c); }
      wait_for_block();
      int crowded = 0;  // one bit per query, read before any count changes
      for (int r = 0; r < rows; ++r) {
        crowded |= (state().counts[r] + scan_columns > capacity) << r;
      }
      wait_for_block();
      for (int r = 0; r < rows; ++r) {
        if (crowded >> r & 1) { settle(r); }
      }
      if (crowded != 0) { wait_for_block(); }
    }
    for (int r = 0; r < rows; ++r) { settle(r); }
    wait_for_block();
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    index_t const m = score.candidates();
    index_t const segments = scan_segments(queries.size(), m, blocks_in_grid());
    index_t const items = rounded_up_quotient(queries.size(), scan_rows) * segments;
    for (index_t item = block_in_grid(); item < items; item += blocks_in_grid()) {
      index_t const first = item / segments * scan_rows, segment = item % segments;
      int const rows = int(smaller(scan_rows, queries.size() - first));
      scan(first, rows, segment_begin(segment, segments, m),
           segment_begin(segment + 1, segments, m));
      for (int r = 0; r < rows; ++r) {
        if (segments == 1) { write(r, queries[first + r]); }
        if (thread_in_block() == 0) { counts[block_in_grid() * scan_rows + r] = state().counts[r]; }
      }
      wait_for_block();
    }
  }
};

template <class Derived, class Score, class Keep, class V, class I>
void scan_exactly(Derived const& policy, Score const& score, Keep const& keep,
                  scanned_queries queries, matrix_view<V> values, matrix_view<I> indices,
                  device_limits limits) {
  using kernel = exact_scan_kernel<Score, Keep, V, I>;
  scan_plan const plan = plan_scan(values.extent(0), score.candidates(), values.extent(1),
                                   sizeof(V) + sizeof(I), limits);
  scratch<V, Derived> const work(policy, plan.blocks * scan_rows * plan.capacity);
  scratch<I, Derived> const work_ids(policy, plan.blocks * scan_rows * plan.capacity);
  scratch<int, Derived> const counts(policy, plan.blocks * scan_rows);
  launch(policy, {plan.blocks, kernel::threads, kernel::shared_bytes},
         kernel{score, keep, queries, values, indices, plan.capacity, work.data(), work_ids.data(),
                counts.data()});
  using merge = merge_segments_kernel<V, I>;
  // If there are more queries than the scan has blocks, they are not divided.
  launch(policy, {smaller(plan.blocks * scan_rows, values.extent(0)), merge::threads},
         merge{queries, values, indices, score.candidates(), plan.blocks, plan.capacity,
               work.data(), work_ids.data(), counts.data()});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
