// Where the scores of one trained network become verification numbers. All of them come from the
// library; here is only the shape in which this program keeps them.
#pragma once

#include <coupleface/evaluation/verification.hpp>
#include <thrust/system/cpp/execution_policy.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "dataset.hpp"

namespace train_student {

/// Shares, not percent.
struct verification_summary {
  double accuracy = 0;            ///< mean over folds, each at the threshold of the other folds
  double accuracy_deviation = 0;  ///< over folds
  double tar_1e2 = 0;             ///< true accepts at a false accept rate of at most 1e-2
  double tar_1e3 = 0;
  double eer = 0;  ///< equal error rate
};

/// One training run, evaluated.
struct run_record {
  std::string method;
  int seed = 0;
  std::string directory;
  verification_summary summary;
  std::vector<float> pair_scores;               ///< in the order of the pairs
  std::vector<verification_summary> per_epoch;  ///< after epoch 1, 2, ...
  std::vector<float> masked_scores;             ///< with a mask on one face of each pair, or none
  verification_summary masked_summary;          ///< of those
  double seconds = 0;                           ///< of training
};

namespace detail {

inline coupleface::fold_accuracies accuracy_of_folds(std::vector<float> const& scores,
                                                     std::vector<verification_pair> const& pairs) {
  std::vector<std::uint8_t> same;
  std::vector<std::int32_t> folds;
  for (auto const& pair : pairs) {
    same.push_back(pair.same ? 1 : 0);
    folds.push_back(pair.fold);
  }
  using coupleface::make_vector_view;
  return coupleface::k_fold_accuracy(
      thrust::cpp::par, make_vector_view(scores.data(), static_cast<std::int64_t>(scores.size())),
      make_vector_view(same.data(), static_cast<std::int64_t>(same.size())),
      make_vector_view(folds.data(), static_cast<std::int64_t>(folds.size())));
}

inline coupleface::roc_curve roc_of(std::vector<float> const& scores,
                                    std::vector<verification_pair> const& pairs) {
  std::vector<std::uint8_t> same;
  for (auto const& pair : pairs) same.push_back(pair.same ? 1 : 0);
  using coupleface::make_vector_view;
  return coupleface::roc(thrust::cpp::par,
                         make_vector_view(scores.data(), static_cast<std::int64_t>(scores.size())),
                         make_vector_view(same.data(), static_cast<std::int64_t>(same.size())));
}

}  // namespace detail

/// @brief Verification numbers of scores, one a pair, larger = more alike.
/// @throws std::invalid_argument  another number of scores than pairs, or fewer than two folds
inline verification_summary summarise(std::vector<float> const& scores,
                                      std::vector<verification_pair> const& pairs) {
  if (scores.size() != pairs.size()) {
    throw std::invalid_argument("summarise: " + std::to_string(scores.size()) + " scores for " +
                                std::to_string(pairs.size()) + " pairs");
  }
  auto const folds = detail::accuracy_of_folds(scores, pairs);
  auto const curve = detail::roc_of(scores, pairs);
  verification_summary summary;
  summary.accuracy = folds.mean;
  summary.accuracy_deviation = folds.standard_deviation;
  summary.tar_1e2 = coupleface::tar_at_far(curve, 1e-2).tar;
  summary.tar_1e3 = coupleface::tar_at_far(curve, 1e-3).tar;
  summary.eer = coupleface::equal_error_rate(curve);
  return summary;
}

/// Names of the methods in the order in which they first appear.
inline std::vector<std::string> methods_of(std::vector<run_record> const& runs) {
  std::vector<std::string> methods;
  for (auto const& run : runs) {
    if (std::find(methods.begin(), methods.end(), run.method) == methods.end()) {
      methods.push_back(run.method);
    }
  }
  return methods;
}

}  // namespace train_student
