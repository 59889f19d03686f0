// SPDX-License-Identifier: Apache-2.0
// coupleface: the k largest elements of every row on a CUDA device: a block per row.
//
// The k-th best is found by radix selection, eight bits at a time: first on a key that orders
// values, then, if values tie, on the column. No two columns agree in both, so exactly k columns
// are at least as good, whatever k is. They are collected in any order and then sorted, which makes
// the order unique.
#pragma once

#include <coupleface/detail/cuda/order_key.cuh>
#include <coupleface/detail/cuda/runtime.cuh>
#include <coupleface/detail/top_k.hpp>
#include <coupleface/error.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// State that the block shares while it selects.
struct selection {
  int counts[256];
  int sums[16];  ///< sums of sixteen counts each
  int wanted;    ///< rank of the threshold among those that agree with it so far
  int digit;
  int all;  ///< 1: exactly as many agree as are wanted
  int placed;
};

template <class S, class V, class I>
struct top_k_kernel {
  static constexpr int threads = 128;
  static constexpr int key_bits = std::is_same_v<S, double> ? 64 : 32;
  static constexpr index_t state_bytes = rounded_up(sizeof(selection), 16);

  matrix_view<S const> scores;
  matrix_view<V> values;
  matrix_view<I> indices;
  index_t sorted_in_shared;  ///< slots in shared memory; 0: sort in the outputs

  COUPLEFACE_HOST_DEVICE static constexpr index_t slot_bytes(index_t slots) {
    return rounded_up(slots * index_t(sizeof(V)), 16) + slots * index_t(sizeof(I));
  }
  static constexpr bool fits(index_t slots) {
    return slots <= most_shared_bytes / index_t(sizeof(V)) &&
           state_bytes + slot_bytes(slots) <= most_shared_bytes;
  }

  /// A column's key among equal values: larger for smaller columns.
  COUPLEFACE_HOST_DEVICE std::uint64_t column_key(index_t j) const {
    return static_cast<std::uint64_t>(scores.extent(1) - 1 - j);
  }

  /// Counts digits (-1: none) and selects the digit of the column at position `wanted` from the
  /// top.
  template <class Digit>
  COUPLEFACE_HOST_DEVICE void select_digit(selection& state, Digit digit) const {
    for (int b = thread_in_block(); b < 256; b += threads) { state.counts[b] = 0; }
    wait_for_block();
    for (index_t j = thread_in_block(); j < scores.extent(1); j += threads) {
      int const bin = digit(j);
      if (bin >= 0) { add_atomically(&state.counts[bin], 1); }
    }
    wait_for_block();
    if (thread_in_block() < 16) {
      int sum = 0;
      for (int b = 0; b < 16; ++b) { sum += state.counts[thread_in_block() * 16 + b]; }
      state.sums[thread_in_block()] = sum;
    }
    wait_for_block();
    if (thread_in_block() == 0) {
      int sum = 15;
      while (state.sums[sum] < state.wanted) { state.wanted -= state.sums[sum--]; }
      int bin = sum * 16 + 15;
      while (state.counts[bin] < state.wanted) { state.wanted -= state.counts[bin--]; }
      state.digit = bin;
      state.all = state.counts[bin] == state.wanted;
    }
    wait_for_block();
  }

  /// Finds the smallest (key, column key) that is kept.
  COUPLEFACE_HOST_DEVICE void select(index_t i, selection& state, std::uint64_t& key,
                                     std::uint64_t& column) const {
    key = column = 0;
    S const* const row = scores.row(i);
    for (int shift = key_bits - 8; shift >= 0; shift -= 8) {
      select_digit(state, [row, key, shift](index_t j) {
        std::uint64_t const differs = (order_key(row[j]) ^ key) >> shift;
        return differs < 256 ? int(order_key(row[j]) >> shift & 255) : -1;
      });
      key |= std::uint64_t(state.digit) << shift;
      if (state.all) { return; }
    }
    int shift = 0;
    while (column_key(0) >> shift > 255) { shift += 8; }
    for (; shift >= 0; shift -= 8) {
      select_digit(state, [this, row, key, column, shift](index_t j) {
        bool const agrees = order_key(row[j]) == key && (column_key(j) ^ column) >> shift < 256;
        return agrees ? int(column_key(j) >> shift & 255) : -1;
      });
      column |= std::uint64_t(state.digit) << shift;
      if (state.all) { return; }
    }
  }

  COUPLEFACE_HOST_DEVICE static void order(V* value, I* index, index_t low, index_t high,
                                           index_t count) {
    if (high >= count) { return; }
    V const a = value[low], b = value[high];
    I const a_index = index[low], b_index = index[high];
    if (ranks_before(load(b), b_index, load(a), a_index)) {
      value[low] = b, value[high] = a;
      index[low] = b_index, index[high] = a_index;
    }
  }

  /// Bitonic sort with the halves of a merge mirrored, so that every exchange puts the better
  /// element first. Missing elements past the end rank last and never move, so any count works.
  COUPLEFACE_HOST_DEVICE static void sort(V* value, I* index, index_t count) {
    for (index_t size = 2; size / 2 < count; size *= 2) {
      index_t const half = size / 2;
      for (index_t t = thread_in_block(); t / half * size < count; t += threads) {
        index_t const begin = t / half * size;
        order(value, index, begin + t % half, begin + size - 1 - t % half, count);
      }
      wait_for_block();
      for (index_t step = size / 4; step > 0; step /= 2) {
        for (index_t t = thread_in_block(); t / step * step * 2 < count; t += threads) {
          index_t const low = t / step * step * 2 + t % step;
          order(value, index, low, low + step, count);
        }
        wait_for_block();
      }
    }
  }

  /// Collects the kept columns into slots, in any order.
  COUPLEFACE_HOST_DEVICE void collect(index_t i, selection& state, index_t kept, V* value,
                                      I* index) const {
    std::uint64_t key = 0, column = 0;
    if (kept < scores.extent(1)) { select(i, state, key, column); }
    wait_for_block();
    for (index_t j = thread_in_block(); j < scores.extent(1); j += threads) {
      std::uint64_t const own = order_key(scores(i, j));
      if (own < key || (own == key && column_key(j) < column)) { continue; }
      int const slot = add_atomically(&state.placed, 1);
      value[slot] = score_as<V>(scores(i, j));
      index[slot] = static_cast<I>(j);
    }
    wait_for_block();
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    selection& state = *reinterpret_cast<selection*>(shared_memory());
    index_t const k = values.extent(1);
    index_t const kept = k < scores.extent(1) ? k : scores.extent(1);
    for (index_t i = block_in_grid(); i < scores.extent(0); i += blocks_in_grid()) {
      V* value = values.row(i);
      I* index = indices.row(i);
      if (sorted_in_shared > 0) {
        value = reinterpret_cast<V*>(shared_memory() + state_bytes);
        index = reinterpret_cast<I*>(shared_memory() + state_bytes + slot_bytes(sorted_in_shared) -
                                     sorted_in_shared * index_t(sizeof(I)));
      }
      if (thread_in_block() == 0) { state.wanted = int(kept), state.placed = 0; }
      wait_for_block();
      if (kept > 0) { collect(i, state, kept, value, index); }
      sort(value, index, kept);
      for (index_t slot = thread_in_block(); slot < k; slot += threads) {
        values(i, slot) = slot < kept ? value[slot] : store<V>(no_score);
        indices(i, slot) = slot < kept ? index[slot] : I(-1);
      }
      wait_for_block();
    }
  }
};

template <class Derived, class S, class V, class I>
void top_k(cuda_policy<Derived> const& policy, matrix_view<S const> scores, matrix_view<V> values,
           matrix_view<I> indices) {
  using kernel = top_k_kernel<S, V, I>;
  // Row counters and column numbers are int.
  expect(scores.extent(1) <= std::numeric_limits<int>::max(), "top_k",
         "a row of scores is too long for a device");
  index_t const k = values.extent(1);
  index_t const kept = k < scores.extent(1) ? k : scores.extent(1);
  index_t const in_shared = kernel::fits(kept) ? kept : 0;
  index_t const bytes = kernel::state_bytes + (in_shared > 0 ? kernel::slot_bytes(in_shared) : 0);
  launch(policy, shape_for(scores.extent(0), 1, kernel::threads, bytes),
         kernel{scores, values, indices, in_shared});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
