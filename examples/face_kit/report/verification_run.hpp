// SPDX-License-Identifier: Apache-2.0
// Verification results of one trained network from its scores. The library computes all numbers;
// this file defines the structs in which programs keep them.
#pragma once

#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// Fractions, not percent.
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
  std::uint64_t seed = 0;
  std::string directory;
  verification_summary summary;
  std::vector<float> pair_scores;               ///< in the order of the pairs
  std::vector<verification_summary> per_epoch;  ///< after epoch 1, 2, ...
  std::vector<float> masked_scores;             ///< one face of each pair masked; may be empty
  verification_summary masked_summary;          ///< of masked_scores
  double seconds = 0;                           ///< of training
};

/// @brief Verification results from scores, one per pair, larger = more alike.
/// @throws std::invalid_argument  scores and pairs differ in number, or fewer than two folds
verification_summary summarise(std::vector<float> const& scores,
                               std::vector<verification_pair> const& pairs);

/// True accept rates at false accept rates of at most `fars`.
std::vector<double> tars_at(std::vector<float> const& scores,
                            std::vector<verification_pair> const& pairs,
                            std::vector<double> const& fars);

/// Names of the methods in order of first appearance.
std::vector<std::string> methods_of(std::vector<run_record> const& runs);

}  // namespace face_kit
