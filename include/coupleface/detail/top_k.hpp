// SPDX-License-Identifier: Apache-2.0
// coupleface: the order of candidates, and a bounded heap in the caller's output row.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/element.hpp>

#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr double no_score = -std::numeric_limits<double>::infinity();

/// Whether candidate (value, index) ranks before another: larger value first, equal values by
/// smaller index, NaN after every number, empty slots (index -1) last.
COUPLEFACE_HOST_DEVICE inline bool ranks_before(double value, index_t index, double other_value,
                                                index_t other_index) {
  if (other_index < 0 || index < 0) { return other_index < 0 && index >= 0; }
  bool const nan = is_nan(value);
  bool const other_nan = is_nan(other_value);
  if (nan || other_nan) { return nan == other_nan ? index < other_index : other_nan; }
  return value > other_value || (value == other_value && index < other_index);
}

/// A score as a value. The same type is copied: a device would change the bits of NaN in a
/// conversion through double.
template <class V, class S>
COUPLEFACE_HOST_DEVICE inline V score_as(S const& score) {
  if constexpr (std::is_same_v<V, S>) {
    return score;
  } else {
    return store<V>(load(score));
  }
}

/// @brief Keeps the first `capacity` candidates by ranks_before. The heap lies in the output row:
/// its root, slot 0, is the worst candidate kept. finish() sorts it in place.
template <class V, class I>
class bounded_heap {
 public:
  COUPLEFACE_HOST_DEVICE bounded_heap(V* values, I* indices, index_t capacity)
      : values_(values), indices_(indices), capacity_(capacity) {}

  COUPLEFACE_HOST_DEVICE void clear() {
    for (index_t slot = 0; slot < capacity_; ++slot) {
      values_[slot] = store<V>(no_score);
      indices_[slot] = I(-1);
    }
  }

  /// Whether a candidate of at most this value could be kept; never false for one that would be.
  COUPLEFACE_HOST_DEVICE bool admits(V value) const {
    return capacity_ > 0 &&
           (indices_[0] < 0 || is_nan(load(values_[0])) || !(load(value) < load(values_[0])));
  }

  COUPLEFACE_HOST_DEVICE void offer(V value, I index) {
    if (capacity_ > 0 && ranks_before(load(value), index, load(values_[0]), indices_[0])) {
      sink(value, index, 0, capacity_);
    }
  }

  /// Makes a heap of slots filled in any order.
  COUPLEFACE_HOST_DEVICE void restore() {
    for (index_t slot = capacity_ / 2 - 1; slot >= 0; --slot) {
      sink(values_[slot], indices_[slot], slot, capacity_);
    }
  }

  COUPLEFACE_HOST_DEVICE void finish() {
    for (index_t last = capacity_ - 1; last > 0; --last) {
      V const value = values_[last];
      I const index = indices_[last];
      values_[last] = values_[0];
      indices_[last] = indices_[0];
      sink(value, index, 0, last);
    }
  }

 private:
  COUPLEFACE_HOST_DEVICE bool before(index_t slot, index_t other) const {
    return ranks_before(load(values_[slot]), indices_[slot], load(values_[other]), indices_[other]);
  }

  // Puts a candidate at `slot` of the heap of `size` slots and sifts it down.
  COUPLEFACE_HOST_DEVICE void sink(V value, I index, index_t slot, index_t size) {
    for (index_t child = 2 * slot + 1; child < size; child = 2 * slot + 1) {
      if (child + 1 < size && before(child, child + 1)) { ++child; }
      if (ranks_before(load(values_[child]), indices_[child], load(value), index)) { break; }
      values_[slot] = values_[child];
      indices_[slot] = indices_[child];
      slot = child;
    }
    values_[slot] = value;
    indices_[slot] = index;
  }

  V* values_;
  I* indices_;
  index_t capacity_;
};

template <class Derived, class S, class V, class I>
void top_k(host_policy<Derived> const& policy, matrix_view<S const> scores, matrix_view<V> values,
           matrix_view<I> indices) {
  for_each_index(static_cast<Derived const&>(policy), scores.extent(0), [=](index_t i) {
    bounded_heap<V, I> heap(values.row(i), indices.row(i), values.extent(1));
    heap.clear();
    for (index_t j = 0; j < scores.extent(1); ++j) {
      V const value = score_as<V>(scores(i, j));
      if (heap.admits(value)) { heap.offer(value, static_cast<I>(j)); }
    }
    heap.finish();
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/top_k.cuh>
#endif
