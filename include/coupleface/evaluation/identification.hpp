// SPDX-License-Identifier: Apache-2.0
// coupleface: 1:N identification: each probe against a gallery of known people, with distractors;
// closed set (rank) and open set (is the person in the gallery?).
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/evaluation/identification.hpp>
#include <coupleface/evaluation/verification.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Result of identify().
struct identification_rates {
  index_t mated = 0;               ///< probes whose label is in the gallery
  index_t unmated = 0;             ///< probes of people whom the gallery does not hold
  std::vector<double> rank_rates;  ///< [ranks] share of mated probes with a mate among the first k
  /// Open set: far is the share of unmated probes whose best score reaches the threshold (FPIR),
  /// tar that of mated probes whose mate ranks first and reaches it (DIR at rank 1).
  roc_curve open_set;
};

/// @brief Identification of every probe in a gallery, exactly.
///
/// The gallery rows of a probe are ranked by the library's order: larger score first, equal scores
/// by the smaller gallery row, NaN last; scores are relations rounded once to float. A mate is a
/// gallery row of the probe's label; among several the best counts. Ranks count rows, not people.
/// rank_rates_k = share of mated probes with a mate of rank <= k (CMC), NaN without mated probes.
/// DIR at FAR: tar_at_far(result.open_set, far). A mate of NaN score is not found; a probe whose
/// best score is NaN is never accepted.
///
/// @param policy any Thrust execution policy; with a device policy labels and the probes' outcomes
///   are copied to the host, and the call waits
/// @param probes [n, d], @param probe_labels [n] signed integers; -1: an unknown person, unmated
/// @param gallery [m, d], @param gallery_labels [m]; -1: a distractor. If gallery and probes are
///   the same rows, no row is compared with itself
/// @param ranks how many ranks to report, at least 1
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own
/// @throws std::invalid_argument if the shapes differ, ranks < 1, m exceeds 2^31 - 1, or the same
///   rows have different labels
/// @complexity that of mine_nearest with K = ranks, O(n log n) for the curve
/// @scratch mine_nearest's and 32 MiB (on a device 1 GiB) + 33 n bytes, 8 m for gallery labels
/// @determinism bit-identical for any policy and thread count
/// Source: ours (usual definitions).
template <class Policy, class Q, class L, class C, class M, class Relation = cosine>
identification_rates identify(Policy const& policy, matrix_view<Q> probes,
                              vector_view<L> probe_labels, matrix_view<C> gallery,
                              vector_view<M> gallery_labels, index_t ranks,
                              Relation relation = {}) {
  detail::device_call<Policy> const call("identify");
  COUPLEFACE_EXPECT_POLICY("identify", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("identify", "probes", Q);
  COUPLEFACE_EXPECT_ELEMENTS("identify", "gallery", C);
  COUPLEFACE_EXPECT_IDS("identify", "probe_labels", L);
  COUPLEFACE_EXPECT_IDS("identify", "gallery_labels", M);
  detail::expect_labelled_rows(policy, "identify", "probes", probes, "probe_labels", probe_labels,
                               "gallery", gallery, "gallery_labels", gallery_labels);
  detail::expect(ranks >= 1, "identify", "ranks must be at least 1");
  detail::expect_ids_fit<std::int32_t>("identify", "gallery", gallery.extent(0));
  identification_rates result;
  detail::identify(policy, matrix_view<std::remove_cv_t<Q> const>(probes),
                   vector_view<std::remove_cv_t<L> const>(probe_labels),
                   matrix_view<std::remove_cv_t<C> const>(gallery),
                   vector_view<std::remove_cv_t<M> const>(gallery_labels), ranks, relation, result);
  return result;
}

COUPLEFACE_NAMESPACE_END
