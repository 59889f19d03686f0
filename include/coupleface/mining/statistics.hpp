// SPDX-License-Identifier: Apache-2.0
// coupleface: statistics of a mined table: its hardness, how evenly it uses the classes, and the
// share of it that a loss uses.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/statistics.hpp>
#include <coupleface/detail/rounded_product.hpp>
#include <coupleface/detail/settings.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/penalty.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <limits>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Statistics of a table. Means and extremes are over the pairs whose value is not NaN; NaN
/// if there is none.
struct table_statistics {
  index_t pairs = 0;        ///< slots that hold a candidate
  index_t empty = 0;        ///< slots that hold none
  index_t not_numbers = 0;  ///< pairs whose value is NaN: in no bin and no mean
  double mean = std::numeric_limits<double>::quiet_NaN();
  double smallest = std::numeric_limits<double>::quiet_NaN();
  double largest = std::numeric_limits<double>::quiet_NaN();
  double mean_nearest = std::numeric_limits<double>::quiet_NaN();  ///< of the rows' first slots
  std::vector<index_t> histogram;  ///< bin j: e_j <= value < e_{j+1}; the last has its upper edge
  index_t below = 0;               ///< values under the first edge
  index_t above = 0;               ///< values over the last edge
  std::vector<index_t> chosen;     ///< [m] how often each candidate is in the table
  index_t most_chosen = 0;         ///< the largest of these counts
  index_t never_chosen = 0;        ///< candidates that are in no row

  /// Share of the candidates; 0 if there are none.
  double share_never_chosen() const {
    return chosen.empty() ? 0.0 : double(never_chosen) / double(chosen.size());
  }
};

/// @brief Edges of `bins` bins of one width from `lowest` to `highest`, by default for cosines.
inline std::vector<double> even_edges(index_t bins, double lowest = -1.0, double highest = 1.0) {
  detail::expect(bins > 0, "even_edges", "bins must be positive");
  std::vector<double> edges;
  for (index_t j = 0; j <= bins; ++j) {
    edges.push_back(lowest + detail::rounded_product(highest - lowest, double(j) / double(bins)));
  }
  return edges;
}

/// @brief Statistics of a mined table.
///
/// @param policy any Thrust execution policy; from a device only counts and sums are copied, and
///   the call waits for them
/// @param values [n, K] relations or gaps, float or double
/// @param indices [n, K] candidates, -1 = empty slot; signed integers
/// @param candidates m, the number of candidates or classes
/// @param edges of the histogram's bins, ascending, none equal; empty for no histogram
/// @throws std::invalid_argument if the shapes do not fit, an index is outside [-1, m), or the
///   edges do not ascend
/// @complexity O(n K log bins + m)
/// @scratch 8 bins + 72 bytes for each of at most 64 lanes; on a device 8 m more
/// @determinism bit-identical for any policy and thread count: counts are integers and each of the
///   lanes, a number that depends on n alone, adds its rows in their order
/// Source: ours.
template <class Policy, class V, class I>
table_statistics describe_table(Policy const& policy, matrix_view<V> values, matrix_view<I> indices,
                                index_t candidates,
                                std::vector<double> const& edges = even_edges(20)) {
  detail::device_call<Policy> const call("describe_table");
  COUPLEFACE_EXPECT_POLICY("describe_table", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("describe_table", "values", V);
  COUPLEFACE_EXPECT_IDS("describe_table", "indices", I);
  detail::expect_same_shape("describe_table", "indices", indices, "values", values);
  detail::expect(candidates >= 0, "describe_table", "candidates must not be negative");
  auto const not_ascending = [](double a, double b) { return !(a < b); };
  bool const ascending =
      std::adjacent_find(edges.begin(), edges.end(), not_ascending) == edges.end();
  detail::expect(edges.size() != 1 && ascending, "describe_table",
                 "edges must be none or at least two that ascend");
  table_statistics result;
  detail::describe_table(policy, matrix_view<V const>(values), matrix_view<I const>(indices),
                         candidates, edges, result);
  return result;
}

/// @brief The share of a table's pairs that a penalty pushes, given their gaps.
///
/// Of the pairs whose gap R_s - R_t is not NaN, the share where the penalty's slope is not 0; 0 if
/// there is no such pair. mine_gap with `violation` stores these gaps; the difference of two tables
/// at the same indices gives them too. A one-sided penalty on absolute gaps counts both sides. From
/// embeddings, without a table, rad_loss with active_share gives the share.
///
/// @param policy any Thrust execution policy; from a device two counts are copied, and the call
///   waits for them
/// @param gaps [n, K]
/// @param indices [n, K] -1 = empty slot; signed integers
/// @param penalty hinge{q} (default), absolute, squared, smooth_l1, dead_zone, or your own
/// @throws std::invalid_argument if the shapes do not fit or the penalty has a bad setting
/// @complexity O(n K)
/// @scratch 16 n bytes; 16 in all on a device
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class V, class I, class Penalty = hinge>
double active_pair_share(Policy const& policy, matrix_view<V> gaps, matrix_view<I> indices,
                         Penalty penalty = {}) {
  detail::device_call<Policy> const call("active_pair_share");
  COUPLEFACE_EXPECT_POLICY("active_pair_share", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("active_pair_share", "gaps", V);
  COUPLEFACE_EXPECT_IDS("active_pair_share", "indices", I);
  detail::expect_same_shape("active_pair_share", "indices", indices, "gaps", gaps);
  detail::expect_valid("active_pair_share", "the penalty's settings are out of range", penalty);
  return detail::active_share_of(policy, matrix_view<V const>(gaps), matrix_view<I const>(indices),
                                 penalty);
}

COUPLEFACE_NAMESPACE_END
