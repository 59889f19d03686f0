// SPDX-License-Identifier: Apache-2.0
// coupleface: Spearman's rank correlation of two short lists, host side.
#pragma once

#include <coupleface/view.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A value, its original position and its rank; equal values share the mean of their ranks.
struct ranked_value {
  double value;
  double rank;
  index_t at;
};

/// Ranks the values and restores their original order. No value may be NaN.
inline void rank_values(ranked_value* values, index_t count) {
  std::sort(values, values + count,
            [](ranked_value const& a, ranked_value const& b) { return a.value < b.value; });
  for (index_t begin = 0; begin < count;) {
    index_t end = begin + 1;
    while (end < count && values[end].value == values[begin].value) { ++end; }
    for (index_t k = begin; k < end; ++k) { values[k].rank = double(begin + end + 1) / 2; }
    begin = end;
  }
  std::sort(values, values + count,
            [](ranked_value const& a, ranked_value const& b) { return a.at < b.at; });
}

/// Pearson's correlation of the ranks; NaN if all values of one side are equal. Sums are of
/// multiples of 1/4, exact up to 10^5 values, so the order does not matter.
inline double rank_correlation(ranked_value* a, ranked_value* b, index_t count) {
  rank_values(a, count);
  rank_values(b, count);
  double const mean = double(count + 1) / 2;
  double aa = 0, ab = 0, bb = 0;
  for (index_t k = 0; k < count; ++k) {
    double const x = a[k].rank - mean, y = b[k].rank - mean;
    aa += x * x;
    ab += x * y;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::nan("");
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
