// SPDX-License-Identifier: Apache-2.0
// coupleface: 1:1 verification: scores of pairs, operating points, accuracy.
//
// One rule everywhere: a pair is accepted if score >= threshold. A NaN score is never accepted, but
// its pair counts. Pairs of equal score are accepted together.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/evaluation/k_fold.hpp>
#include <coupleface/detail/evaluation/pair_scores.hpp>
#include <coupleface/detail/evaluation/verification.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/relation.hpp>
#include <coupleface/view.hpp>

#include <cstdint>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The relation of every listed pair.
///
/// scores_i = relation(a[a_ids_i], b[b_ids_i]), computed in double in a fixed order and rounded
/// once: the bits of relation_matrix. Source: ours.
///
/// @param policy any Thrust execution policy
/// @param a [n, d] embeddings
/// @param b [m, d] embeddings; may be `a`
/// @param a_ids, b_ids [p] rows of `a` and of `b`; signed integers
/// @param scores [p] result
/// @param relation cosine (default), inner_product, negative_squared_distance, or your own functor
/// @throws std::invalid_argument before any write if the shapes do not fit or an id is not a row
///   (on a device: the pair's score is then NaN)
/// @complexity O(p d), and O((n + m) d) for the norms if p > (n + m) / 2
/// @scratch 8 (n + m) bytes in that case, else none
/// @determinism bit-identical for any policy and thread count
template <class Policy, class A, class B, class I, class J, class S, class Relation = cosine>
void pair_scores(Policy const& policy, matrix_view<A> a, matrix_view<B> b, vector_view<I> a_ids,
                 vector_view<J> b_ids, vector_view<S> scores, Relation relation = {}) {
  detail::device_call<Policy> const call("pair_scores");
  COUPLEFACE_EXPECT_POLICY("pair_scores", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("pair_scores", "a", A);
  COUPLEFACE_EXPECT_ELEMENTS("pair_scores", "b", B);
  COUPLEFACE_EXPECT_IDS("pair_scores", "a_ids", I);
  COUPLEFACE_EXPECT_IDS("pair_scores", "b_ids", J);
  COUPLEFACE_EXPECT_ELEMENTS("pair_scores", "scores", S);
  COUPLEFACE_EXPECT_OUTPUT("pair_scores", "scores", S);
  detail::expect_view("pair_scores", "a", a);
  detail::expect_view("pair_scores", "b", b);
  detail::expect_equal("pair_scores", "width of b", b.extent(1), "width of a", a.extent(1));
  detail::expect_pairs("pair_scores", "a_ids", a_ids, "scores", scores);
  detail::expect_pairs("pair_scores", "b_ids", b_ids, "scores", scores);
  detail::pair_scores(policy, matrix_view<A const>(a), matrix_view<B const>(b),
                      vector_view<I const>(a_ids), vector_view<J const>(b_ids), scores, relation);
}

/// @brief Operating points by descending threshold; far and tar never fall.
struct roc_curve {
  std::vector<double> thresholds;
  std::vector<double> far;  ///< false accepts: accepted share of the pairs that are not the same
  std::vector<double> tar;  ///< true accepts: accepted share of the pairs that are the same
};

/// @brief One point of a roc_curve.
struct operating_point {
  double threshold, far, tar;
};

/// @brief Every distinct operating point of the scores.
///
/// The first point accepts nothing; its threshold is +infinity (NaN, which no score reaches, if a
/// score is +infinity itself). One point follows for every distinct score, largest first. With NaN
/// scores the last point stays below 1. Without a same pair every tar is NaN, without a different
/// pair every far. Without any pair only the first point remains.
///
/// @param policy any Thrust execution policy; pairs on a device are copied, and the call waits for
///   that
/// @param scores [p] larger = more similar
/// @param same [p] 1 if the pair is of one identity, else 0; integers or bool
/// @throws std::invalid_argument if the shapes differ or `same` is neither 0 nor 1
/// @complexity O(p log p) @scratch 16 p bytes; the copy
/// @determinism identical for any policy, thread count and order of the pairs. Source: ours.
template <class Policy, class S, class Y>
roc_curve roc(Policy const& policy, vector_view<S> scores, vector_view<Y> same) {
  detail::device_call<Policy> const call("roc");
  COUPLEFACE_EXPECT_POLICY("roc", Policy);
  detail::expect_judged_pairs("roc", scores, same);
  roc_curve curve;
  detail::roc(policy, vector_view<S const>(scores), vector_view<Y const>(same), curve);
  return curve;
}

/// @brief The point of the largest achieved FAR that does not exceed `far`; of several, the one
/// with the largest TAR. Without interpolation.
///
/// All NaN if the curve has no different pair. A target below 1 / (different pairs) means FAR 0.
///
/// @param curve the result of roc(), which sorts once for any number of targets
/// @param far target in [0, 1]
/// @throws std::invalid_argument if `far` is outside [0, 1] or the curve has no point
/// @complexity O(log points), no scratch. Source: ours (usual definition).
inline operating_point tar_at_far(roc_curve const& curve, double far) {
  return detail::point_at_far<operating_point>(curve, far);
}

/// @brief The error rate where false accepts equal false rejects.
///
/// With the piecewise linear curve through the points (far_k, 1 - tar_k): the far where both are
/// equal, on the first segment that reaches it. NaN without a same or a different pair, or if so
/// many scores are NaN that false accepts never reach false rejects.
///
/// @param curve what roc() returned
/// @throws std::invalid_argument if the curve has no point
/// @complexity O(points), no scratch. Source: ours (usual definition).
inline double equal_error_rate(roc_curve const& curve) { return detail::equal_error_rate(curve); }

/// @brief Result of k_fold_accuracy; accuracies and thresholds in the order of `folds`.
struct fold_accuracies {
  double mean;                      ///< of the folds, each with the same weight
  double standard_deviation;        ///< of the folds (divided by their number - 1)
  std::vector<std::int64_t> folds;  ///< ids, ascending
  std::vector<double> accuracies, thresholds;
};

/// @brief Accuracy of every fold at the threshold that is best for the other folds.
///
/// For fold f: threshold_f = the score in the other folds (or +infinity: accept nothing) at which
/// most of their pairs are judged correctly, the largest one of equals; accuracy_f = share of fold
/// f's pairs judged correctly at it. A monotone map of the scores changes no accuracy.
///
/// @param policy any Thrust execution policy; as with roc(), pairs are copied from a device
/// @param scores [p] larger = more similar
/// @param same [p] 1 if the pair is of one identity, else 0; integers or bool
/// @param folds [p] any integers; equal ones are one fold
/// @throws std::invalid_argument if the shapes differ, `same` is neither 0 nor 1, or there are
///   fewer than two folds (none in an empty list)
/// @complexity O(p log p + F p) for F folds, which run in parallel
/// @scratch 16 p + 16 F bytes, beside a copy of `folds`; the copies from a device
/// @determinism identical for any policy, thread count and order of the pairs
/// Source: ours (the protocol of LFW, with exact thresholds instead of a grid).
template <class Policy, class S, class Y, class F>
fold_accuracies k_fold_accuracy(Policy const& policy, vector_view<S> scores, vector_view<Y> same,
                                vector_view<F> folds) {
  detail::device_call<Policy> const call("k_fold_accuracy");
  COUPLEFACE_EXPECT_POLICY("k_fold_accuracy", Policy);
  static_assert(std::is_integral_v<F>, "coupleface::k_fold_accuracy: folds must be integers");
  detail::expect_judged_pairs("k_fold_accuracy", scores, same);
  detail::expect_pairs("k_fold_accuracy", "folds", folds, "scores", scores);
  fold_accuracies result;
  detail::k_fold_accuracy(policy, vector_view<S const>(scores), vector_view<Y const>(same),
                          vector_view<F const>(folds), result);
  return result;
}

COUPLEFACE_NAMESPACE_END
