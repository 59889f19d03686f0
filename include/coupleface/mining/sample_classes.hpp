// SPDX-License-Identifier: Apache-2.0
// coupleface: classes for a sampled softmax: all positives, hard negatives from the mined
// relations, and random classes.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/sample_classes.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Samples classes for a batch (partial FC with mined hard negatives).
///
/// Takes every class among `labels`, then the neighbours of those classes in `table`, nearest rank
/// first, until `classes` is full. Random other classes fill the remaining slots.
///
/// A class without samples can be among the random ones like any other. If labels have gaps,
/// renumber the classes first.
///
/// @param policy any Thrust execution policy. On a device the call waits for two counts: of the
///   positives and of the ids out of range
/// @param labels [n] classes of the batch, -1 = ignored
/// @param class_count C
/// @param table [C, K] mined relations, -1 = none; may have no columns
/// @param seed of the random classes; use another one every step
/// @param classes [m] result, ascending, each once; m at least the positives, at most C
/// @throws std::invalid_argument if shapes or ids do not fit, or m is too small or too large
/// @complexity O(C + n K)
/// @scratch 9 C bytes; 28 C on a device, and the sort's
/// @determinism depends on the arguments only
/// Source: stated (partial FC); hard negatives from H: ours.
template <class Policy, class L, class I, class O>
void sample_classes(Policy const& policy, vector_view<L> labels, index_t class_count,
                    matrix_view<I> table, std::uint64_t seed, vector_view<O> classes) {
  detail::device_call<Policy> const call("sample_classes");
  COUPLEFACE_EXPECT_POLICY("sample_classes", Policy);
  COUPLEFACE_EXPECT_IDS("sample_classes", "labels", L);
  COUPLEFACE_EXPECT_IDS("sample_classes", "table", I);
  COUPLEFACE_EXPECT_IDS("sample_classes", "classes", O);
  COUPLEFACE_EXPECT_OUTPUT("sample_classes", "classes", O);
  detail::expect_view("sample_classes", "labels", labels);
  detail::expect_view("sample_classes", "table", table);
  detail::expect_view("sample_classes", "classes", classes);
  if (table.extent(1) > 0) {
    detail::expect_equal("sample_classes", "rows of table", table.extent(0), "class_count",
                         class_count);
  }
  detail::expect_ids_fit<O>("sample_classes", "class_count", class_count);
  detail::sample_classes(policy, labels, class_count, table, seed, classes);
}

COUPLEFACE_NAMESPACE_END
