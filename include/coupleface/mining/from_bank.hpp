// SPDX-License-Identifier: Apache-2.0
// coupleface: mines every sample against a bank with one embedding for each class. The relations
// are those of samples, not of prototypes, and follow the bank's updates.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/labelled.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The K classes of a bank that are most related to each sample, except its own class.
///
/// mine_nearest(embeddings, bank) with both(other_classes(labels), keep): samples labelled -1 mine
/// nothing. The indices are classes, so rad_loss accepts them as its neighbours [n, K].
///
/// @param policy any Thrust execution policy
/// @param embeddings [n, d] rows
/// @param labels [n] class of each, a row of `bank`; -1 = ignored; signed integers
/// @param bank [C, d] row c for class c: prototypes or a feature_bank's view
/// @param values [n, K] result, float or double: the relations
/// @param indices [n, K] result, classes; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @param keep which other class may be mined for a sample: every_row (default) or your own
/// @throws std::invalid_argument if the shapes do not fit, C exceeds the index type or, on the
///   host, a label is not a class; before anything is written
/// @complexity mine_nearest's with m = C
/// @scratch mine_nearest's with m = C
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class X, class L, class B, class V, class I, class Relation = cosine,
          class Keep = every_row>
void mine_from_bank(Policy const& policy, matrix_view<X> embeddings, vector_view<L> labels,
                    matrix_view<B> bank, matrix_view<V> values, matrix_view<I> indices,
                    Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("mine_from_bank");
  COUPLEFACE_EXPECT_POLICY("mine_from_bank", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("mine_from_bank", "embeddings", X);
  COUPLEFACE_EXPECT_ELEMENTS("mine_from_bank", "bank", B);
  COUPLEFACE_EXPECT_IDS("mine_from_bank", "labels", L);
  COUPLEFACE_EXPECT_TABLE("mine_from_bank", V, I);
  detail::expect_view("mine_from_bank", "labels", labels);
  detail::expect_equal("mine_from_bank", "size of labels", labels.extent(0), "rows of embeddings",
                       embeddings.extent(0));
  detail::check_mining_arguments("mine_from_bank", embeddings, bank, values, indices, keep,
                                 {"embeddings", "bank"});
  vector_view<L const> const classes(labels);
  detail::mine_labelled(policy, "mine_from_bank", matrix_view<X const>(embeddings),
                        matrix_view<B const>(bank), classes, bank.extent(0), values, indices,
                        relation, both(other_classes(classes), keep));
}

COUPLEFACE_NAMESPACE_END
