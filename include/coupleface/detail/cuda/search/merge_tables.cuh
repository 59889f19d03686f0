// SPDX-License-Identifier: Apache-2.0
// coupleface: merges two tables of the same queries, each with the K best of some candidates.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/top_k.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class V, class I>
struct ranked_table {
  matrix_view<V> values;
  matrix_view<I> indices;

  /// The number of entries of a row that rank before an entry with another candidate; empty slots
  /// are not counted.
  COUPLEFACE_HOST_DEVICE index_t before(index_t i, double value, index_t id, index_t shift) const {
    index_t low = 0, high = values.extent(1);
    while (low < high) {
      index_t const middle = low + (high - low) / 2;
      if (indices(i, middle) >= 0 &&
          ranks_before(load(values(i, middle)), index_t(indices(i, middle)) + shift, value, id)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  COUPLEFACE_HOST_DEVICE index_t filled(index_t i) const {
    index_t low = 0, high = values.extent(1);
    while (low < high) {
      index_t const middle = low + (high - low) / 2;
      if (indices(i, middle) >= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};

/// An entry's slot is the number of entries before it, in its own row and in the other table's row.
template <class V, class I>
struct merge_tables_body {
  ranked_table<V, I> first, second;
  index_t shift;  ///< added to the second table's candidate ids
  ranked_table<V, I> out;

  COUPLEFACE_HOST_DEVICE void place(index_t i, index_t slot, V value, index_t id) const {
    if (slot >= out.values.extent(1)) { return; }
    out.values(i, slot) = value;
    out.indices(i, slot) = static_cast<I>(id);
  }

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const firsts = first.filled(i), seconds = second.filled(i);
    team.columns(out.values.extent(1), [&](index_t slot) {
      if (slot < firsts) {
        V const value = first.values(i, slot);
        index_t const id = first.indices(i, slot);
        place(i, slot + second.before(i, load(value), id, shift), value, id);
      }
      if (slot < seconds) {
        V const value = second.values(i, slot);
        index_t const id = index_t(second.indices(i, slot)) + shift;
        place(i, slot + first.before(i, load(value), id, 0), value, id);
      }
      if (slot >= firsts + seconds) { place(i, slot, store<V>(no_score), -1); }
    });
  }
};

template <class Derived, class V, class I>
void merge_tables(cuda_policy<Derived> const& policy, ranked_table<V, I> first,
                  ranked_table<V, I> second, index_t shift, ranked_table<V, I> out) {
  launch_rows<1>(policy, out.values.extent(0), merge_tables_body<V, I>{first, second, shift, out});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
