// SPDX-License-Identifier: Apache-2.0
// coupleface: sums in a fixed order on a CUDA device: the block loads terms, one thread adds them.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>
#include <coupleface/detail/sum.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// *mean = 1 / (sum of counts), 0 if that sum is 0.
struct inverse_count_kernel {
  static constexpr int threads = 256;
  static constexpr index_t shared_bytes = threads * index_t(sizeof(index_t));
  int const* counts;
  index_t rows;
  double* mean;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    auto* const sums = reinterpret_cast<index_t*>(shared_memory());
    index_t sum = 0;
    for (index_t i = thread_in_block(); i < rows; i += threads) { sum += counts[i]; }
    sums[thread_in_block()] = sum;
    wait_for_block();
    if (thread_in_block() != 0) { return; }
    for (int t = 1; t < threads; ++t) { sum += sums[t]; }
    *mean = sum == 0 ? 0.0 : 1.0 / double(sum);
  }
};

template <class Derived>
void store_inverse_count(cuda_policy<Derived> const& policy, int const* counts, index_t rows,
                         double* mean) {
  launch(policy, {1, inverse_count_kernel::threads, inverse_count_kernel::shared_bytes},
         inverse_count_kernel{counts, rows, mean});
}

/// *result = *scale (or `constant`) * (terms[0] + ... + terms[n-1]), from left to right.
template <class L>
struct ordered_sum_kernel {
  static constexpr int threads = 256;
  static constexpr index_t shared_bytes = threads * index_t(sizeof(double));
  double const* terms;
  index_t n;
  double const* scale;
  double constant;
  L* result;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    auto* const fetched = reinterpret_cast<double*>(shared_memory());
    double sum = 0;
    for (index_t first = 0; first < n; first += threads) {
      index_t const i = first + thread_in_block();
      if (i < n) { fetched[thread_in_block()] = terms[i]; }
      wait_for_block();
      for (index_t t = 0; thread_in_block() == 0 && t < threads && first + t < n; ++t) {
        sum += fetched[t];
      }
      wait_for_block();
    }
    if (thread_in_block() == 0) {
      double const factor = scale != nullptr ? *scale : constant;
      *result = static_cast<L>(n == 0 ? 0.0 : sum * factor);
    }
  }
};

template <class Derived, class L>
void store_sum(cuda_policy<Derived> const& policy, double const* terms, index_t n, double scale,
               L* result) {
  using kernel = ordered_sum_kernel<L>;
  launch(policy, {1, kernel::threads, kernel::shared_bytes},
         kernel{terms, n, nullptr, scale, result});
}

/// The same with a scale in device memory.
template <class Derived, class L>
void store_sum(cuda_policy<Derived> const& policy, double const* terms, index_t n,
               double const* scale, L* result) {
  using kernel = ordered_sum_kernel<L>;
  launch(policy, {1, kernel::threads, kernel::shared_bytes}, kernel{terms, n, scale, 0, result});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
