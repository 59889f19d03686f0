// SPDX-License-Identifier: Apache-2.0
// coupleface: totals and histogram of a table of relations, host side.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Totals of one lane of rows; sums skip NaN.
struct table_totals {
  index_t pairs;
  index_t not_numbers;
  index_t below;
  index_t above;
  index_t nearest;  // rows whose first slot is not NaN
  double sum;
  double nearest_sum;
  double smallest;
  double largest;

  COUPLEFACE_HOST_DEVICE void clear() { *this = {0, 0, 0, 0, 0, 0.0, 0.0, HUGE_VAL, -HUGE_VAL}; }

  /// Adds a value that is not NaN.
  COUPLEFACE_HOST_DEVICE void add_number(double value, bool is_nearest) {
    sum += value;
    if (value < smallest) { smallest = value; }
    if (value > largest) { largest = value; }
    if (is_nearest) {
      ++nearest;
      nearest_sum += value;
    }
  }

  void add(table_totals const& other) {
    pairs += other.pairs;
    not_numbers += other.not_numbers;
    below += other.below;
    above += other.above;
    nearest += other.nearest;
    sum += other.sum;
    nearest_sum += other.nearest_sum;
    smallest = std::min(smallest, other.smallest);
    largest = std::max(largest, other.largest);
  }
};

/// Bins [e_0, e_1), ..., [e_{b-1}, e_b]: the last bin includes its upper edge.
struct bin_edges {
  double const* edges;
  index_t bins;

  /// -1 below the first edge, `bins` above the last one.
  COUPLEFACE_HOST_DEVICE index_t bin_of(double value) const {
    index_t low = 0, high = bins + 1;  // finds the first edge above the value
    while (low < high) {
      index_t const middle = low + (high - low) / 2;
      if (value < edges[middle]) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low == bins + 1 && value == edges[bins] ? bins - 1 : low - 1;
  }
  /// The bin of a value; otherwise -1, and the value is counted as below or above.
  COUPLEFACE_HOST_DEVICE index_t bin_or_count(double value, table_totals& totals) const {
    if (bins == 0) { return -1; }
    index_t const bin = bin_of(value);
    totals.below += bin < 0;
    totals.above += bin == bins;
    return bin < bins ? bin : -1;
  }
};

template <class V, class I>
void add_row(V const* values, I const* indices, index_t slots, bin_edges edges,
             table_totals& totals, index_t* histogram) {
  for (index_t slot = 0; slot < slots; ++slot) {
    if (indices[slot] < 0) { continue; }
    ++totals.pairs;
    double const value = load(values[slot]);
    if (is_nan(value)) {
      ++totals.not_numbers;
      continue;
    }
    totals.add_number(value, slot == 0);
    index_t const bin = edges.bin_or_count(value, totals);
    if (bin >= 0) { ++histogram[bin]; }
  }
}

/// Totals and histogram of a table. Each of at most 64 lanes has a fixed share of the rows, and
/// lane sums are added in lane order.
template <class Derived, class V, class I>
table_totals total_table(host_policy<Derived> const& base, matrix_view<V const> values,
                         matrix_view<I const> indices, bin_edges edges, index_t* histogram) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = values.extent(0), lanes = lane_count(n), bins = edges.bins;
  scratch<table_totals, Derived> const lane_totals(policy, lanes);
  scratch<index_t, Derived> const lane_bins(policy, lanes * bins);
  table_totals* const totals = lane_totals.data();
  index_t* const counts = lane_bins.data();
  for_each_index(policy, lanes, [=](index_t lane) {
    index_t* const mine = counts + lane * bins;
    totals[lane].clear();
    std::fill(mine, mine + bins, index_t(0));
    for (index_t i = lane_begin(lane, lanes, n); i < lane_begin(lane + 1, lanes, n); ++i) {
      add_row(values.row(i), indices.row(i), values.extent(1), edges, totals[lane], mine);
    }
  });
  table_totals all;
  all.clear();
  for (index_t lane = 0; lane < lanes; ++lane) {
    all.add(totals[lane]);
    for (index_t bin = 0; bin < bins; ++bin) { histogram[bin] += counts[lane * bins + bin]; }
  }
  return all;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/table_totals.cuh>
#endif
