// SPDX-License-Identifier: Apache-2.0
// coupleface: finds classes that are probably the same person, in a table of class relations.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/near_duplicates.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Two rows to merge, first < second.
struct near_duplicate_pair {
  index_t first;
  index_t second;
  double similarity;
};

/// @brief What near_duplicates finds.
struct near_duplicate_rows {
  std::vector<near_duplicate_pair> pairs;  ///< by similarity, descending; ties by first, second
  std::vector<index_t> representatives;  ///< [C] smallest id of each row's group; its own if alone
  std::vector<index_t> truncated;        ///< rows that may have more than their slots show
};

/// @brief The merge list of a table that relates rows to themselves: all pairs a < b with
/// similarity >= threshold, each once.
///
/// A pair counts if either of its rows shows it; if their values differ, the larger one is used.
/// Groups are the connected components of the pairs. A row is in `truncated` if every slot holds a
/// similarity >= threshold and there are other candidates. For a table of mine_nearest with a
/// symmetric relation and predicate, both rows of a missing pair are in `truncated`; so the list is
/// complete if `truncated` is empty. NaN is below any threshold.
///
/// @param policy any Thrust execution policy; from a device one number for each row and the pairs
///   are copied, and the call waits for them
/// @param values [C, K] relations of the rows, float or double
/// @param indices [C, K] rows of the same set, -1 = empty slot; signed integers
/// @param threshold in units of the relation, not NaN
/// @throws std::invalid_argument if the shapes do not fit, an index is outside [-1, C), or the
///   threshold is NaN
/// @complexity O(C K + P log P) for P pairs
/// @scratch 8 C bytes, 24 P more on a device, beside the result
/// @determinism depends on the arguments only
/// Source: ours.
template <class Policy, class V, class I>
near_duplicate_rows near_duplicates(Policy const& policy, matrix_view<V> values,
                                    matrix_view<I> indices, double threshold) {
  detail::device_call<Policy> const call("near_duplicates");
  COUPLEFACE_EXPECT_POLICY("near_duplicates", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("near_duplicates", "values", V);
  COUPLEFACE_EXPECT_IDS("near_duplicates", "indices", I);
  detail::expect_same_shape("near_duplicates", "indices", indices, "values", values);
  detail::expect(threshold == threshold, "near_duplicates", "threshold is NaN");
  near_duplicate_rows result;
  detail::find_near_duplicates(policy, matrix_view<V const>(values), matrix_view<I const>(indices),
                               threshold, result);
  return result;
}

COUPLEFACE_NAMESPACE_END
