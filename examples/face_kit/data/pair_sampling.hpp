// SPDX-License-Identifier: Apache-2.0
// Samples verification pairs of known people, in folds that share no person.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// @brief Samples verification pairs of the dev people. Every fold has its own people, in whole
/// families, and half of its pairs show one person. The other half shows two people of the fold,
/// chosen uniformly: with p people in families of f, a share of (f - 1) / (p - 1) shows two
/// relatives on average.
/// @param pairs_per_fold  even
/// @throws std::invalid_argument  the dev people do not have enough pairs
std::vector<verification_pair> make_pairs(face_dataset const& faces, int folds, int pairs_per_fold,
                                          std::uint64_t seed);

/// @brief The largest number of pairs that make_pairs can give each of `folds` folds; 0 if a fold
/// has no pair of one person or none of two. Independent of the seed. @pre folds > 0
int most_pairs_per_fold(face_dataset const& faces, int folds);

struct fold_sizes {
  int folds = 10, pairs_per_fold = 300;
};

/// @brief Numbers of folds and pairs per fold that the dev people allow: as given, by default 10
/// and 300, or less where not given. Folds are reduced only if otherwise a fold would lack the
/// given number of pairs, or two pairs. If nothing fits, returns the wanted numbers, which
/// make_pairs rejects.
fold_sizes fitting_folds(face_dataset const& faces, std::optional<int> folds,
                         std::optional<int> pairs_per_fold);

}  // namespace face_kit
