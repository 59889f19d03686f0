// SPDX-License-Identifier: Apache-2.0
// coupleface: counters of pairs by slot on a CUDA device, and the labels that select the counter.
#pragma once

#include <coupleface/detail/cuda/atomics.cuh>
#include <coupleface/detail/cuda/evaluation/pair_tiles.cuh>
#include <coupleface/detail/evaluation/pair_counts.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Counts of different pairs by slot, followed by those of same pairs.
struct slot_counters {
  std::uint64_t* counts;
  index_t slots;
};

/// Run-length counting of one thread. Most pairs lie in few slots, so only the end of a run
/// accesses memory.
class slot_run {
 public:
  COUPLEFACE_HOST_DEVICE explicit slot_run(slot_counters counters) : counters_(counters) {}

  COUPLEFACE_HOST_DEVICE void add(bool same, index_t slot) {
    index_t const place = same ? counters_.slots + slot : slot;
    if (place != place_) { end(); }
    place_ = place;
    ++length_;
  }
  COUPLEFACE_HOST_DEVICE void end() {
    if (length_ > 0) { add_atomically(counters_.counts + place_, length_); }
    length_ = 0;
  }

 private:
  slot_counters counters_;
  index_t place_ = -1;
  std::uint64_t length_ = 0;
};

/// Counts exact values by slot. NaN is not counted.
struct exact_counter {
  slot_finder finder;
  slot_counters counters;

  COUPLEFACE_HOST_DEVICE void add(slot_run& run, bool same, double value) const {
    float const score = static_cast<float>(value);
    if (!is_nan(score)) { run.add(same, finder(key_of(score))); }
  }
};

/// Labels of a tile's rows and columns, in shared memory after the product's part; -1 for a missing
/// row.
class tile_labels {
 public:
  static constexpr index_t bytes = 2 * tile_rows * index_t(sizeof(index_t));

  template <class L, class M>
  COUPLEFACE_HOST_DEVICE tile_labels(pair_labels<L, M> labels, tile_range const& tiles,
                                     tile_place at)
      : rows_(reinterpret_cast<index_t*>(shared_memory() + product_shared_bytes)),
        meets_itself_(tiles.meets_itself(at)) {
    for (int r = thread_in_block(); r < tile_rows; r += product_threads) {
      index_t const i = at.row * tile_rows + r, c = at.column * tile_rows + r;
      rows_[r] = i < tiles.sweep.queries ? index_t(labels.queries[i]) : -1;
      rows_[tile_rows + r] = c < tiles.sweep.candidates ? index_t(labels.candidates[c]) : -1;
    }
  }
  COUPLEFACE_HOST_DEVICE bool pairs(int row, int column) const {
    return rows_[row] >= 0 && rows_[tile_rows + column] >= 0 && !(meets_itself_ && column <= row);
  }
  COUPLEFACE_HOST_DEVICE bool same(int row, int column) const {
    return rows_[row] == rows_[tile_rows + column];
  }

 private:
  index_t* rows_;
  bool meets_itself_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
