// coupleface: statistics of a table that lies on a CUDA device. Counts and totals are read back,
// the table is not.
//
// Each of the host's lanes is a block's: one thread adds the values that all have fetched, in the
// host's order, while all count.
#pragma once

#include <coupleface/detail/cuda/atomics.cuh>
#include <coupleface/detail/cuda/counters.cuh>
#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/mining/statistics.hpp>

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

  /// Whether there is a number, and whether it is its row's first.
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

  /// Counts of all threads into the sums of the first one.
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

/// How often each candidate is in the table, and behind them the entries that name none.
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
  // Only the host's copy can say which entry it is.
  if (counts.back() > 0) {
    expect_table_ids("describe_table", on_host(policy, indices).view(), candidates);
  }
  result.chosen.assign(counts.begin(), counts.end() - 1);
  result.histogram.assign(edges.empty() ? 0 : edges.size() - 1, 0);
  bin_edges const bins{edges.data(), index_t(result.histogram.size())};
  summarize(total_table(policy, values, indices, bins, result.histogram.data()), slots, result);
}

/// Pairs whose gap is a number, and those that a penalty pushes.
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
