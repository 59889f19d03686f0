// SPDX-License-Identifier: Apache-2.0
// coupleface: relations within one batch. They need no state between steps and do not reach beyond
// the batch.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/mining/check.hpp>
#include <coupleface/detail/mining/labelled.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The K most related rows of other classes in the batch itself.
///
/// mine_nearest(embeddings, embeddings) with both(other_labels(labels, labels), keep): rows
/// labelled -1 are never mined and mine nothing. The indices are rows of the batch.
///
/// @param policy any Thrust execution policy
/// @param embeddings [n, d] rows: queries and candidates
/// @param labels [n] class of each, -1 = ignored; signed integers
/// @param values [n, K] result, float or double: the relations
/// @param indices [n, K] result, rows of `embeddings`; signed integers
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @param keep which pair of other classes may be mined: every_row (default) or your own
/// @throws std::invalid_argument if the shapes do not fit, n exceeds the index type or, on the
///   host, a label is below -1; before anything is written
/// @complexity mine_nearest's with m = n
/// @scratch mine_nearest's with m = n
/// @determinism bit-identical for any policy and thread count
/// Source: ours.
template <class Policy, class X, class L, class V, class I, class Relation = cosine,
          class Keep = every_row>
void mine_in_batch(Policy const& policy, matrix_view<X> embeddings, vector_view<L> labels,
                   matrix_view<V> values, matrix_view<I> indices, Relation relation = {},
                   Keep keep = {}) {
  detail::device_call<Policy> const call("mine_in_batch");
  COUPLEFACE_EXPECT_POLICY("mine_in_batch", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("mine_in_batch", "embeddings", X);
  COUPLEFACE_EXPECT_IDS("mine_in_batch", "labels", L);
  COUPLEFACE_EXPECT_TABLE("mine_in_batch", V, I);
  detail::expect_view("mine_in_batch", "labels", labels);
  detail::expect_equal("mine_in_batch", "size of labels", labels.extent(0), "rows of embeddings",
                       embeddings.extent(0));
  detail::check_mining_arguments("mine_in_batch", embeddings, embeddings, values, indices, keep,
                                 {"embeddings", "embeddings"});
  vector_view<L const> const classes(labels);
  matrix_view<X const> const rows(embeddings);
  detail::mine_labelled(policy, "mine_in_batch", rows, rows, classes, detail::any_class, values,
                        indices, relation, both(other_labels(classes, classes), keep));
}

COUPLEFACE_NAMESPACE_END
