// SPDX-License-Identifier: Apache-2.0
// coupleface: statistics of a table on a CUDA device. Counts are read back; the table is not.
#pragma once

#include <coupleface/detail/cuda/atomics.cuh>
#include <coupleface/detail/cuda/counters.cuh>
#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/mining/statistics.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Counts how often each candidate occurs in the table; the last counter counts unknown ids.
template <class I>
struct count_chosen_body {
  matrix_view<I const> indices;
  index_t candidates;
  std::uint64_t* counts;  ///< [candidates + 1]

  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    index_t const id = index_t(indices(at / indices.extent(1), at % indices.extent(1)));
    if (id == -1) { return; }
    add_atomically(counts + (id >= 0 && id < candidates ? id : candidates), 1);
  }
};

template <class Derived, class V, class I, class Result>
void describe_table(cuda_policy<Derived> const& base, matrix_view<V const> values,
                    matrix_view<I const> indices, index_t candidates,
                    std::vector<double> const& edges, Result& result) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const slots = values.extent(0) * values.extent(1);
  device_counters<Derived> const counters(policy, candidates + 1);
  launch_indices(policy, slots, count_chosen_body<I>{indices, candidates, counters.data()});
  auto const counts = counters.to_host();
  // The host's copy is needed to report which entry it is.
  if (counts.back() > 0) {
    expect_table_ids("describe_table", on_host(policy, indices).view(), candidates);
  }
  result.chosen.assign(counts.begin(), counts.end() - 1);
  result.histogram.assign(edges.empty() ? 0 : edges.size() - 1, 0);
  bin_edges const bins{edges.data(), index_t(result.histogram.size())};
  summarize(total_table(policy, values, indices, bins, result.histogram.data()), slots, result);
}

/// Counts pairs whose gap is a number, and those of them where the penalty's slope is not 0.
template <class V, class I, class Penalty>
struct active_pairs_kernel {
  static constexpr int threads = 256;
  matrix_view<V const> gaps;
  matrix_view<I const> indices;
  Penalty penalty;
  std::uint64_t* counts;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    index_t const slots = gaps.extent(1), all = gaps.extent(0) * slots;
    std::uint64_t pairs = 0, active = 0;
    for (index_t at = block_in_grid() * threads + thread_in_block(); at < all;
         at += blocks_in_grid() * threads) {
      double const gap = load(gaps(at / slots, at % slots));
      if (indices(at / slots, at % slots) < 0 || is_nan(gap)) { continue; }
      ++pairs;
      active += penalty(gap).slope != 0;
    }
    if (pairs > 0) { add_atomically(counts, pairs); }
    if (active > 0) { add_atomically(counts + 1, active); }
  }
};

template <class Derived, class V, class I, class Penalty>
double active_share_of(cuda_policy<Derived> const& base, matrix_view<V const> gaps,
                       matrix_view<I const> indices, Penalty penalty) {
  auto const& policy = static_cast<Derived const&>(base);
  using kernel = active_pairs_kernel<V, I, Penalty>;
  device_counters<Derived> const counters(policy, 2);
  index_t const in_a_block = 16 * kernel::threads;
  launch(policy, shape_for(gaps.extent(0) * gaps.extent(1), in_a_block, kernel::threads),
         kernel{gaps, indices, penalty, counters.data()});
  auto const counts = counters.to_host();
  return counts[0] == 0 ? 0.0 : double(counts[1]) / double(counts[0]);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
