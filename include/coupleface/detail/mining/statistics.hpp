// SPDX-License-Identifier: Apache-2.0
// coupleface: counts and sums over a table of relations, host side.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/table_totals.hpp>

#include <algorithm>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Fills the rest of `result`, a table_statistics, from the totals of `slots` slots and its counts.
template <class Result>
void summarize(table_totals const& totals, index_t slots, Result& result) {
  index_t const numbers = totals.pairs - totals.not_numbers;
  result.pairs = totals.pairs;
  result.empty = slots - totals.pairs;
  result.not_numbers = totals.not_numbers;
  result.below = totals.below;
  result.above = totals.above;
  if (numbers > 0) {
    result.mean = totals.sum / double(numbers);
    result.smallest = totals.smallest;
    result.largest = totals.largest;
  }
  if (totals.nearest > 0) { result.mean_nearest = totals.nearest_sum / double(totals.nearest); }
  for (index_t const count : result.chosen) {
    result.most_chosen = std::max(result.most_chosen, count);
    result.never_chosen += count == 0;
  }
}

/// How often each candidate occurs in the table.
template <class I>
std::vector<index_t> count_chosen(matrix_view<I const> indices, index_t candidates) {
  expect_table_ids("describe_table", indices, candidates);
  std::vector<index_t> chosen(static_cast<std::size_t>(candidates), 0);
  for (index_t i = 0; i < indices.extent(0); ++i) {
    for (index_t k = 0; k < indices.extent(1); ++k) {
      if (indices(i, k) >= 0) { ++chosen[static_cast<std::size_t>(indices(i, k))]; }
    }
  }
  return chosen;
}

/// Fills `result`, a table_statistics.
template <class Derived, class V, class I, class Result>
void describe_table(host_policy<Derived> const& policy, matrix_view<V const> values,
                    matrix_view<I const> indices, index_t candidates,
                    std::vector<double> const& edges, Result& result) {
  result.chosen = count_chosen(indices, candidates);
  result.histogram.assign(edges.empty() ? 0 : edges.size() - 1, 0);
  bin_edges const bins{edges.data(), index_t(result.histogram.size())};
  summarize(total_table(policy, values, indices, bins, result.histogram.data()),
            values.extent(0) * values.extent(1), result);
}

/// The share of pairs for which the penalty's slope is not 0, among pairs whose gap is not NaN.
template <class Derived, class V, class I, class Penalty>
double active_share_of(host_policy<Derived> const& base, matrix_view<V const> gaps,
                       matrix_view<I const> indices, Penalty penalty) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = gaps.extent(0);
  scratch<index_t, Derived> const counts(policy, 2 * n);
  index_t* const count = counts.data();
  for_each_index(policy, n, [=](index_t i) {
    count[2 * i] = count[2 * i + 1] = 0;
    for (index_t k = 0; k < gaps.extent(1); ++k) {
      double const gap = load(gaps(i, k));
      if (indices(i, k) < 0 || is_nan(gap)) { continue; }
      count[2 * i] += penalty(gap).slope != 0;
      ++count[2 * i + 1];
    }
  });
  index_t active = 0, pairs = 0;
  for (index_t i = 0; i < n; ++i) {
    active += count[2 * i];
    pairs += count[2 * i + 1];
  }
  return pairs == 0 ? 0.0 : double(active) / double(pairs);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/mining/statistics.cuh>
#endif
