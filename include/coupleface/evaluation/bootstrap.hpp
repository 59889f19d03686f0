// SPDX-License-Identifier: Apache-2.0
// coupleface: how much a verification number depends on the people in the test set: resamples of
// the identities, with all their pairs.
//
// Pairs of one person are not independent, so intervals from resampled pairs are too narrow.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/evaluation/bootstrap.hpp>
#include <coupleface/evaluation/verification.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Numbers of every resample; [0] is for the original pairs.
struct resampled_rates {
  std::vector<double> accuracies;         ///< [resamples + 1]; empty without folds
  std::vector<std::vector<double>> tars;  ///< for each target [resamples + 1]
};

/// @brief Accuracy and TAR at FAR when people are resampled with replacement, as many as there are.
///
/// If person x was sampled n_x times, a pair of one person counts n_x times and a pair of two n_x
/// n_y times. TAR at FAR: tar_at_far of the weighted pairs. Accuracy: mean over the folds of the
/// weighted share judged correctly at k_fold_accuracy's thresholds. The thresholds stay those of
/// the original pairs: people are resampled, not the choice of the threshold. NaN if no pair of a
/// kind was sampled. Two systems with the same pairs and seed get the same samples, so differences
/// of their numbers are paired.
///
/// @param policy any Thrust execution policy; pairs on a device are copied to the host, sorted
///   there and counted on the device; the call waits
/// @param scores [p] larger = more similar
/// @param same [p] 1 if the pair is of one identity, else 0; integers or bool
/// @param a_identities, b_identities [p] identities of the two rows, any signed integers
/// @param folds [p] any integers, equal ones are one fold; empty: no accuracies
/// @param fars targets in [0, 1], in any order
/// @param resamples their number; 2000 determine the ends of a 95 % interval to a few percent of
///   its width
/// @param seed of the resampling
/// @throws std::invalid_argument if the shapes differ, `same` is neither 0 nor 1 or contradicts the
///   identities, a target is outside [0, 1], resamples < 0, or there is one fold only
/// @complexity O(p log p + resamples p)
/// @scratch 24 p bytes; with folds k_fold_accuracy's first, and then 4 bytes a person and 16 a
///   fold for each of at most 64 lanes; on a device for 512 blocks, 16 a target too, and the copies
/// @determinism identical for any policy and thread count
/// Source: ours (cluster bootstrap with the pairs' product weights).
template <class Policy, class S, class Y, class I, class J, class F>
resampled_rates resample_identities(Policy const& policy, vector_view<S> scores,
                                    vector_view<Y> same, vector_view<I> a_identities,
                                    vector_view<J> b_identities, vector_view<F> folds,
                                    std::vector<double> const& fars, index_t resamples,
                                    std::uint64_t seed) {
  detail::device_call<Policy> const call("resample_identities");
  COUPLEFACE_EXPECT_POLICY("resample_identities", Policy);
  COUPLEFACE_EXPECT_IDS("resample_identities", "a_identities", I);
  COUPLEFACE_EXPECT_IDS("resample_identities", "b_identities", J);
  static_assert(std::is_integral_v<F>, "coupleface::resample_identities: folds must be integers");
  char const* const function = "resample_identities";
  detail::expect_judged_pairs(function, scores, same);
  detail::expect_pairs(function, "a_identities", a_identities, "scores", scores);
  detail::expect_pairs(function, "b_identities", b_identities, "scores", scores);
  if (folds.extent(0) != 0) { detail::expect_pairs(function, "folds", folds, "scores", scores); }
  detail::expect_fars(function, fars);
  detail::expect(resamples >= 0, function, "resamples must not be negative");
  resampled_rates result;
  detail::resample_identities<fold_accuracies>(
      policy, vector_view<S const>(scores), vector_view<Y const>(same),
      vector_view<I const>(a_identities), vector_view<J const>(b_identities),
      vector_view<F const>(folds), fars, resamples, seed, result);
  return result;
}

/// @brief An estimate and the interval of its resamples.
struct percentile_interval {
  double estimate = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// @brief The range that holds the middle `confidence` of the resamples; values[0] is the estimate.
///
/// The ends are at the shares (1 - confidence) / 2 and 1 minus that of the sorted resamples, linear
/// between neighbours. NaN are ignored; if all resamples are NaN, the ends are NaN.
///
/// @param values [resamples + 1], an array of resampled_rates or of differences between two
/// @param confidence in (0, 1)
/// @throws std::invalid_argument if there is no value or confidence is outside (0, 1)
/// @complexity O(resamples log resamples). Source: ours (usual definition).
inline percentile_interval interval_of(std::vector<double> values, double confidence = 0.95) {
  detail::expect(!values.empty(), "interval_of", "values are empty");
  detail::expect(confidence > 0 && confidence < 1, "interval_of", "confidence must be in (0, 1)");
  percentile_interval result;
  result.estimate = values.front();
  values.erase(values.begin());
  values.erase(
      std::remove_if(values.begin(), values.end(), [](double x) { return detail::is_nan(x); }),
      values.end());
  if (values.empty()) { return result; }
  std::sort(values.begin(), values.end());
  result.low = detail::quantile(values, (1 - confidence) / 2);
  result.high = detail::quantile(values, 1 - (1 - confidence) / 2);
  return result;
}

COUPLEFACE_NAMESPACE_END
