// SPDX-License-Identifier: Apache-2.0
// coupleface: a batch enters a queue of teacher embeddings, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Unit rows with labels; `entered` rows have been written so far, one after another, in a ring.
template <class T, class I>
struct queue_slots {
  matrix_view<T> rows;
  I* labels;
  index_t entered;
};

/// Writes the batch's rows that have a direction, and returns how many have entered in all. Labels
/// may be empty: then they are -1.
template <class Derived, class T, class I, class X, class L>
index_t enter_queue(host_policy<Derived> const& base, queue_slots<T, I> queue,
                    matrix_view<X const> batch, vector_view<L const> labels) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = batch.extent(0), width = batch.extent(1), capacity = queue.rows.extent(0);
  scratch<double, Derived> const norms(policy, n);
  scratch<index_t, Derived> const positions(policy, n);
  row_norms(policy, batch, norms.data());
  index_t entered = queue.entered;
  for (index_t i = 0; i < n; ++i) {
    positions.data()[i] = is_degenerate<X>(norms.data()[i]) ? -1 : entered++;
  }
  // Of rows for the same slot the last one stays.
  index_t const first = entered - capacity;
  for_each_index(policy, n, [=, at = positions.data()](index_t i) {
    if (at[i] < 0 || at[i] < first) { return; }
    index_t const slot = at[i] % capacity;
    normalize_row(batch.row(i), queue.rows.row(slot), width);
    queue.labels[slot] = labels.extent(0) == 0 ? I(-1) : static_cast<I>(labels(i));
  });
  return entered;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/teacher_queue.cuh>
#endif
