// SPDX-License-Identifier: Apache-2.0
// coupleface: kernels that run one team of threads per row, or one thread per index.
#pragma once

#include <coupleface/detail/cuda/row_team.cuh>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// All threads of a block, working on one row. Every team computes the same sums, which costs less
/// than sharing them; columns are divided among all threads.
template <int N>
class block_team : public row_team<N> {
 public:
  template <class Function>
  COUPLEFACE_HOST_DEVICE void columns(index_t width, Function f) const {
    for (index_t j = thread_in_block(); j < width; j += threads_in_block()) { f(j); }
  }
  template <class R, class Function, class... In>
  COUPLEFACE_HOST_DEVICE void transform(R* out, index_t width, Function f, In const*... in) const {
    columns(width, [=](index_t j) { out[j] = store<R>(f(load(in[j])...)); });
  }
  COUPLEFACE_HOST_DEVICE bool leads() const { return thread_in_block() == 0; }
  COUPLEFACE_HOST_DEVICE void wait() const { wait_for_block(); }
};

/// The first row of this thread's team, and the distance to the same team's next row.
template <int N>
COUPLEFACE_HOST_DEVICE inline index_t first_row_of_team() {
  return block_in_grid() * (threads_in_block() / row_team<N>::threads) +
         thread_in_block() / row_team<N>::threads;
}
template <int N>
COUPLEFACE_HOST_DEVICE inline index_t rows_in_grid() {
  return blocks_in_grid() * (threads_in_block() / row_team<N>::threads);
}

/// Runs body(team, i) for every row with one team.
template <int N, class Body>
struct row_kernel {
  static constexpr int threads = 128;
  index_t rows;
  Body body;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    row_team<N> const team;
    for (index_t i = first_row_of_team<N>(); i < rows; i += rows_in_grid<N>()) { body(team, i); }
  }
};

/// Runs body(i) for every index with one thread.
template <class Body>
struct index_kernel {
  static constexpr int threads = 256;
  index_t count;
  Body body;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t i = block_in_grid() * threads + thread_in_block(); i < count;
         i += blocks_in_grid() * threads) {
      body(i);
    }
  }
};

template <class T>
struct zero_body {
  T* elements;
  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const { elements[i] = T(0); }
};

template <int N, class Derived, class Body>
void launch_rows(cuda_policy<Derived> const& policy, index_t rows, Body const& body) {
  using kernel = row_kernel<N, Body>;
  launch(policy, shape_for(rows, kernel::threads / team_threads(N), kernel::threads),
         kernel{rows, body});
}

template <class Derived, class Body>
void launch_indices(cuda_policy<Derived> const& policy, index_t count, Body const& body) {
  using kernel = index_kernel<Body>;
  launch(policy, shape_for(count, kernel::threads, kernel::threads), kernel{count, body});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
