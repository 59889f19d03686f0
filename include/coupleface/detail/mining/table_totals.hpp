// coupleface: what a table of relations adds up to, and the bins of its values.
#pragma once

#include <coupleface/view.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// What one lane of rows adds up to; sums over numbers only.
struct table_totals {
  index_t pairs;
  index_t not_numbers;
  index_t below;
  index_t above;
  index_t nearest;  // rows whose first slot holds a number
  double sum;
  double nearest_sum;
  double smallest;
  double largest;

  COUPLEFACE_HOST_DEVICE void clear() { *this = {0, 0, 0, 0, 0, 0.0, 0.0, HUGE_VAL, -HUGE_VAL}; }

  /// A pair's value, which is a number.
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

/// Bins [e_0, e_1), ..., [e_{b-1}, e_b]: the last one has its upper edge too.
struct bin_edges {
  double const* edges;
  index_t bins;

  /// -1: under the first edge, `bins`: over the last one.
  COUPLEFACE_HOST_DEVICE index_t bin_of(double value) const {
    index_t low = 0, high = bins + 1;  // the first edge over the value
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
  /// The bin of a value, or -1 and it is counted as below or above.
  COUPLEFACE_HOST_DEVICE index_t bin_or_count(double value, table_totals& totals) const {
    if (bins == 0) { return -1; }
    index_t const bin = bin_of(value);
    totals.below += bin < 0;
    totals.above += bin == bins;
    return bin < bins ? bin : -1;
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
