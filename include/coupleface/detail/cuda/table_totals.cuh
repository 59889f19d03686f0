// SPDX-License-Identifier: Apache-2.0
// coupleface: totals of a table on a CUDA device. Counts and totals are read back; the table is
// not.
//
// Each of the host's lanes is processed by one block: all threads load values and count, and one
// thread adds the values in the host's order.
#pragma once

#include <coupleface/detail/cuda/atomics.cuh>
#include <coupleface/detail/cuda/counters.cuh>
#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/cuda/runtime.cuh>
#include <coupleface/detail/table_totals.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class V, class I>
struct total_lanes_kernel {
  static constexpr int threads = 256;
  static constexpr index_t shared_bytes = 4 * 8 + threads * index_t(sizeof(double) + 1);
  matrix_view<V const> values;
  matrix_view<I const> indices;
  index_t lanes;
  bin_edges edges;
  table_totals* totals;      ///< [lanes]
  std::uint64_t* histogram;  ///< [bins]

  /// Whether a slot holds a number, and whether it is the first of its row.
  enum kind : unsigned char { none, number, nearest_number };

  COUPLEFACE_HOST_DEVICE kind fetch(index_t at, table_totals& counted, double& value) const {
    index_t const i = at / values.extent(1), slot = at % values.extent(1);
    if (indices(i, slot) < 0) { return none; }
    ++counted.pairs;
    value = load(values(i, slot));
    if (is_nan(value)) {
      ++counted.not_numbers;
      return none;
    }
    index_t const bin = edges.bin_or_count(value, counted);
    if (bin >= 0) { add_atomically(histogram + bin, 1); }
    return slot == 0 ? nearest_number : number;
  }

  /// Adds up the counts of all threads and returns them in `counted`.
  COUPLEFACE_HOST_DEVICE void gather(table_totals& counted) const {
    auto* const shared = reinterpret_cast<std::uint64_t*>(shared_memory());
    if (thread_in_block() < 4) { shared[thread_in_block()] = 0; }
    wait_for_block();
    index_t* const counts[] = {&counted.pairs, &counted.not_numbers, &counted.below,
                               &counted.above};
    for (int k = 0; k < 4; ++k) { add_atomically(shared + k, std::uint64_t(*counts[k])); }
    wait_for_block();
    for (int k = 0; k < 4; ++k) { *counts[k] = index_t(shared[k]); }
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    auto* const fetched = reinterpret_cast<double*>(shared_memory() + 4 * 8);
    auto* const kinds = reinterpret_cast<kind*>(fetched + threads);
    index_t const slots = values.extent(1), n = values.extent(0);
    int const t = thread_in_block();
    for (index_t lane = block_in_grid(); lane < lanes; lane += blocks_in_grid()) {
      table_totals mine;
      mine.clear();
      index_t const end = lane_begin(lane + 1, lanes, n) * slots;
      for (index_t first = lane_begin(lane, lanes, n) * slots; first < end; first += threads) {
        kinds[t] = first + t < end ? fetch(first + t, mine, fetched[t]) : none;
        wait_for_block();
        for (int other = 0; t == 0 && other < threads; ++other) {
          if (kinds[other] != none) {
            mine.add_number(fetched[other], kinds[other] == nearest_number);
          }
        }
        wait_for_block();
      }
      gather(mine);
      if (t == 0) { totals[lane] = mine; }
      wait_for_block();
    }
  }
};

template <class Derived, class V, class I>
table_totals total_table(cuda_policy<Derived> const& base, matrix_view<V const> values,
                         matrix_view<I const> indices, bin_edges edges, index_t* histogram) {
  auto const& policy = static_cast<Derived const&>(base);
  using kernel = total_lanes_kernel<V, I>;
  index_t const lanes = lane_count(values.extent(0)), bins = edges.bins;
  auto const edge_list =
      in_memory_of(policy, vector_view<double const>(edges.edges, bins > 0 ? bins + 1 : 0));
  scratch<table_totals, Derived> const memory(policy, lanes);
  device_counters<Derived> const counts(policy, bins);
  launch(policy, {lanes, kernel::threads, kernel::shared_bytes},
         kernel{values,
                indices,
                lanes,
                {edge_list.vector().data_handle(), bins},
                memory.data(),
                counts.data()});
  auto const totals = on_host(policy, vector_view<table_totals const>(memory.data(), lanes));
  table_totals all;
  all.clear();
  for (index_t lane = 0; lane < lanes; ++lane) { all.add(totals.vector()(lane)); }
  auto const binned = counts.to_host();
  for (index_t bin = 0; bin < bins; ++bin) { histogram[bin] += index_t(binned[std::size_t(bin)]); }
  return all;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
