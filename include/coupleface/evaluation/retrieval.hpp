// SPDX-License-Identifier: Apache-2.0
// coupleface: retrieval: precision among the nearest references.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/evaluation/retrieval.hpp>
#include <coupleface/detail/evaluation/verification.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <limits>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Means over the queries that have a reference of their label; NaN if there is none.
struct retrieval_rates {
  index_t queries = 0;  ///< with a reference of their label
  double precision_at_1 = std::numeric_limits<double>::quiet_NaN();
  double r_precision = std::numeric_limits<double>::quiet_NaN();
  double mean_average_precision_at_r = std::numeric_limits<double>::quiet_NaN();
};

/// @brief Precision at 1, R-precision and mean average precision at R, exactly.
///
/// A query with R other references of its label ranks all references by the library's order (larger
/// score first, equal ones by the smaller row, NaN last). With h(k) references of its label among
/// the first k: `P@1` = h(1); R-precision = h(R) / R; `AP@R` = 1 / R times the sum of h(k) / k over
/// all k <= R whose k-th reference is of its label. Each query has the same weight. Scores are
/// relations rounded once to float; a reference of NaN score is not retrieved.
///
/// @param policy any Thrust execution policy; with a device policy labels and each query's numbers
///   are copied to the host, and the call waits
/// @param queries [n, d], @param query_labels [n] signed integers; -1: not a query
/// @param references [m, d], @param reference_labels [m]; -1: not a reference. If both are the same
///   rows, no row retrieves itself
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own
/// @throws std::invalid_argument if the shapes differ, m exceeds 2^31 - 1, or the same rows have
///   different labels
/// @complexity that of mine_nearest with K = the largest R
/// @scratch mine_nearest's and at most 32 MiB (on a device 1 GiB) + 32 n + 8 m bytes, for any R
///   (one row's table, 8 R, if that is more)
/// @determinism bit-identical for any policy and thread count: sums go from the first query on
/// Source: Musgrave, Belongie, Lim, "A metric learning reality check" (stated).
template <class Policy, class Q, class L, class C, class M, class Relation = cosine>
retrieval_rates retrieve(Policy const& policy, matrix_view<Q> queries, vector_view<L> query_labels,
                         matrix_view<C> references, vector_view<M> reference_labels,
                         Relation relation = {}) {
  detail::device_call<Policy> const call("retrieve");
  COUPLEFACE_EXPECT_POLICY("retrieve", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("retrieve", "queries", Q);
  COUPLEFACE_EXPECT_ELEMENTS("retrieve", "references", C);
  COUPLEFACE_EXPECT_IDS("retrieve", "query_labels", L);
  COUPLEFACE_EXPECT_IDS("retrieve", "reference_labels", M);
  detail::expect_labelled_rows(policy, "retrieve", "queries", queries, "query_labels", query_labels,
                               "references", references, "reference_labels", reference_labels);
  detail::expect_ids_fit<std::int32_t>("retrieve", "references", references.extent(0));
  retrieval_rates result;
  detail::retrieve(policy, matrix_view<std::remove_cv_t<Q> const>(queries),
                   vector_view<std::remove_cv_t<L> const>(query_labels),
                   matrix_view<std::remove_cv_t<C> const>(references),
                   vector_view<std::remove_cv_t<M> const>(reference_labels), relation, result);
  return result;
}

COUPLEFACE_NAMESPACE_END
