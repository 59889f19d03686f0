// SPDX-License-Identifier: Apache-2.0
// coupleface: verification over all pairs of labelled rows, exactly and without a list of their
// scores, for billions of pairs.
//
// A pair's score is its relation rounded once to float, as pair_scores stores it there. Everything
// equals roc() over all of these scores, bit for bit.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/evaluation/all_pairs.hpp>
#include <coupleface/error.hpp>
#include <coupleface/evaluation/verification.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <limits>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Result of verify_all_pairs.
struct all_pairs_rates {
  index_t same_pairs = 0;               ///< of two rows with one label
  index_t different_pairs = 0;          ///< of two rows with different labels
  std::vector<operating_point> points;  ///< one for each target, as tar_at_far
  double equal_error_rate = std::numeric_limits<double>::quiet_NaN();
};

/// @brief Reports no progress.
struct no_progress {
  void operator()(int, index_t, index_t) const {}
};

/// @brief TAR at every target FAR and the equal error rate over all pairs (probe, gallery row).
///
/// As tar_at_far and equal_error_rate of roc() over all pairs: the largest achieved FAR that does
/// not exceed the target, without interpolation. Rows labelled -1 are in no pair. Many targets give
/// a curve. A first pass counts screened products (cosine; other relations are evaluated). The next
/// passes evaluate the pairs near a wanted point exactly, until each point is known to the last
/// bit.
///
/// @param policy any Thrust execution policy. From a device labels are copied to the host, and the
///   call waits for each pass
/// @param probes [n, d], @param probe_labels [n] signed integers, -1: ignored
/// @param gallery [m, d], @param gallery_labels [m]. If gallery and probes are the same rows, every
///   pair of two rows counts once, and no row is compared with itself
/// @param fars targets in [0, 1], in any order
/// @param relation cosine (default, screened), inner_product, negative_squared_distance, or your
///   own
/// @param progress called as progress(pass, rows, all_rows) on the calling thread, pass from 1 on;
///   with a device it reports what has been enqueued
/// @throws std::invalid_argument if the shapes differ, a target is outside [0, 1], or probes and
///   gallery are the same rows with different labels
/// @complexity O(n m d) multiplications in float, half if probes are the gallery, in each of two to
///   five passes (three on usual data with up to 16 targets); O(d) in double for each pair that the
///   screen cannot place
/// @scratch at most 64 MiB + 16 (n + m) bytes, for any number of pairs (widths up to 1024 and up to
///   100 targets). With a CUDA policy 2 d + 16 bytes a row and 130 MiB
/// @determinism identical for any policy, thread count, processor and order of the rows
/// Source: ours.
template <class Policy, class Q, class L, class C, class M, class Relation = cosine,
          class Progress = no_progress>
all_pairs_rates verify_all_pairs(Policy const& policy, matrix_view<Q> probes,
                                 vector_view<L> probe_labels, matrix_view<C> gallery,
                                 vector_view<M> gallery_labels, std::vector<double> const& fars,
                                 Relation relation = {}, Progress&& progress = {}) {
  detail::device_call<Policy> const call("verify_all_pairs");
  COUPLEFACE_EXPECT_POLICY("verify_all_pairs", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("verify_all_pairs", "probes", Q);
  COUPLEFACE_EXPECT_ELEMENTS("verify_all_pairs", "gallery", C);
  COUPLEFACE_EXPECT_IDS("verify_all_pairs", "probe_labels", L);
  COUPLEFACE_EXPECT_IDS("verify_all_pairs", "gallery_labels", M);
  detail::expect_labelled_rows(policy, "verify_all_pairs", "probes", probes, "probe_labels",
                               probe_labels, "gallery", gallery, "gallery_labels", gallery_labels);
  detail::expect_fars("verify_all_pairs", fars);
  all_pairs_rates result;
  detail::all_pairs<roc_curve>(policy, matrix_view<std::remove_cv_t<Q> const>(probes),
                               vector_view<std::remove_cv_t<L> const>(probe_labels),
                               matrix_view<std::remove_cv_t<C> const>(gallery),
                               vector_view<std::remove_cv_t<M> const>(gallery_labels), fars, result,
                               relation, progress);
  return result;
}

/// @brief The same over all pairs of two rows of `x`, each once.
///
/// @param x [n, d], @param labels [n] signed integers, -1: ignored; the rest as above
/// Errors, complexity, scratch and determinism are as above. Source: ours.
template <class Policy, class X, class L, class Relation = cosine, class Progress = no_progress>
all_pairs_rates verify_all_pairs(Policy const& policy, matrix_view<X> x, vector_view<L> labels,
                                 std::vector<double> const& fars, Relation relation = {},
                                 Progress&& progress = {}) {
  detail::device_call<Policy> const call("verify_all_pairs");
  return verify_all_pairs(policy, x, labels, x, labels, fars, relation, progress);
}

COUPLEFACE_NAMESPACE_END
