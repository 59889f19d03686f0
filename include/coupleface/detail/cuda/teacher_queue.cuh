// SPDX-License-Identifier: Apache-2.0
// coupleface: a batch enters a queue of teacher embeddings on a CUDA device.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/cuda/scratch.cuh>
#include <coupleface/detail/teacher_queue.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Which rows have a direction.
template <class X>
struct entering_rows_body {
  matrix_view<X const> batch;
  int* enters;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    double const norm = row_norm(team, batch.row(i), batch.extent(1));
    if (team.leads()) { enters[i] = is_degenerate<X>(norm) ? 0 : 1; }
  }
};

/// positions[i] = how many rows had entered before row i does, -1 if it does not; positions[n] =
/// how many have in the end.
struct queue_positions_kernel {
  static constexpr int threads = 256;
  static constexpr index_t shared_bytes = threads * index_t(sizeof(int));
  int const* enters;
  index_t n;
  index_t entered;
  index_t* positions;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    auto* const fetched = reinterpret_cast<int*>(shared_memory());
    int const t = thread_in_block();
    index_t next = entered;
    for (index_t first = 0; first < n; first += threads) {
      index_t const i = first + t;
      fetched[t] = i < n ? enters[i] : 0;
      wait_for_block();
      index_t before = next;
      for (int u = 0; u < threads; ++u) {
        before += u < t ? fetched[u] : 0;
        next += fetched[u];
      }
      if (i < n) { positions[i] = fetched[t] != 0 ? before : -1; }
      wait_for_block();
    }
    if (t == 0) { positions[n] = next; }
  }
};

/// Of rows for the same slot the last one stays.
template <class T, class I, class X, class L>
struct enter_row_body {
  queue_slots<T, I> queue;
  matrix_view<X const> batch;
  vector_view<L const> labels;
  index_t const* positions;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const at = positions[i], capacity = queue.rows.extent(0);
    if (at < 0 || at < positions[batch.extent(0)] - capacity) { return; }
    index_t const slot = at % capacity;
    normalize_row(team, batch.row(i), queue.rows.row(slot), batch.extent(1));
    if (team.leads()) {
      queue.labels[slot] = labels.extent(0) == 0 ? I(-1) : static_cast<I>(labels(i));
    }
  }
};

template <class Derived, class T, class I, class X, class L>
index_t enter_queue(cuda_policy<Derived> const& base, queue_slots<T, I> queue,
                    matrix_view<X const> batch, vector_view<L const> labels) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = batch.extent(0);
  scratch<int, Derived> const enters(policy, n);
  scratch<index_t, Derived> const positions(policy, n + 1);
  launch_rows<vector_elements<X>>(policy, n, entering_rows_body<X>{batch, enters.data()});
  using kernel = queue_positions_kernel;
  launch(policy, {1, kernel::threads, kernel::shared_bytes},
         kernel{enters.data(), n, queue.entered, positions.data()});
  launch_rows<vector_elements<T, X>>(
      policy, n, enter_row_body<T, I, X, L>{queue, batch, labels, positions.data()});
  index_t entered = 0;
  read_back(policy, static_cast<index_t const*>(positions.data() + n), 1, &entered);
  return entered;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
