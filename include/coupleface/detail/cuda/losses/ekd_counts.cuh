// SPDX-License-Identifier: Apache-2.0
// coupleface: kernels that count the pairs of evaluation-oriented distillation on a CUDA device.
// Counts are integers, so that the order of additions is irrelevant.
#pragma once

#include <coupleface/detail/cuda/atomics.cuh>
#include <coupleface/detail/cuda/pairs/law_tile.cuh>
#include <coupleface/detail/losses/ekd_panels.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The bins of all searches at once: two of the student's keys, then one of the teacher's. Their
/// slots follow one another; keys in no range are not counted.
struct ekd_all_bins {
  static constexpr int count = 3, teacher = 2;
  ekd_bins of[count];

  COUPLEFACE_HOST_DEVICE index_t first_slot(int search) const {
    index_t slot = 0;
    for (int s = 0; s < search; ++s) { slot += of[s].others(); }
    return slot;
  }
  COUPLEFACE_HOST_DEVICE index_t slots() const { return first_slot(count); }
};

/// Adds to counts: the negatives by slot, then all positives, then the pairs of which a cosine is
/// NaN. A block counts the pairs of some rows in shared memory.
template <class Acc, class Tile>
struct count_ekd_kernel {
  static constexpr int threads = 256;
  static constexpr index_t rows_of_block = 8;
  Tile tile;
  Acc const* student;  ///< [rows, columns] cosines
  Acc const* teacher;
  ekd_all_bins bins;
  std::uint64_t* counts;

  static index_t shared_bytes(ekd_all_bins const& bins) {
    return bins.slots() * index_t(sizeof(int));
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    auto* const mine = reinterpret_cast<int*>(shared_memory());
    index_t const slots = bins.slots();
    for (index_t slot = thread_in_block(); slot < slots; slot += threads) { mine[slot] = 0; }
    wait_for_block();
    std::uint64_t positives = 0, not_numbers = 0;
    for (index_t i = block_in_grid(); i < tile.rows; i += blocks_in_grid()) {
      for (index_t j = thread_in_block(); j < tile.columns; j += threads) {
        int const sign = tile.keep.sign(tile.row + i, tile.column + j);
        if (sign == 0) { continue; }
        Acc const s = student[i * tile.columns + j], t = teacher[i * tile.columns + j];
        positives += sign < 0;
        not_numbers += is_nan(s) || is_nan(t);
        if (sign > 0) { count(mine, ekd_key_of(s), ekd_key_of(t)); }
      }
    }
    wait_for_block();
    for (index_t slot = thread_in_block(); slot < slots; slot += threads) {
      if (mine[slot] > 0) { add_atomically(counts + slot, std::uint64_t(mine[slot])); }
    }
    if (positives > 0) { add_atomically(counts + slots, positives); }
    if (not_numbers > 0) { add_atomically(counts + slots + 1, not_numbers); }
  }

  COUPLEFACE_HOST_DEVICE void count(int* mine, ekd_key of_student, ekd_key of_teacher) const {
    for (int s = 0; s < ekd_all_bins::count; ++s) {
      ekd_bins const& in = bins.of[s];
      ekd_key const key = s == ekd_all_bins::teacher ? of_teacher : of_student;
      for (int r = 0; r < in.ranges; ++r) {
        ekd_key const past = key - in.first[r];  // of a smaller key: beyond any span
        if (past <= in.span) {
          index_t const slot = r * in.bins() + index_t(past >> in.shift);
          add_atomically(mine + bins.first_slot(s) + slot, 1);
        }
      }
    }
  }
};
static_assert(2 * ekd_bins::most_slots * index_t(sizeof(int)) <= most_shared_bytes);

/// ties[i] += negatives of row i of which the student's key is `key`.
template <class Acc, class Tile>
struct count_ekd_ties_kernel {
  static constexpr int threads = pair_threads;
  Tile tile;
  Acc const* student;
  ekd_key key;
  index_t* ties;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t i = block_in_grid(); i < tile.rows; i += blocks_in_grid()) {
      numbers<1> mine{};
      for (index_t j = thread_in_block(); j < tile.columns; j += threads) {
        mine.at[0] += tile.keep.sign(tile.row + i, tile.column + j) > 0 &&
                      ekd_key_of(student[i * tile.columns + j]) == key;
      }
      mine = block_sums(mine);
      if (thread_in_block() == 0) { ties[tile.row + i] += index_t(mine.at[0]); }  // exact
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
