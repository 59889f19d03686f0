// SPDX-License-Identifier: Apache-2.0
// Verification pairs of known people: "same person or not?", in folds that share nobody.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// @brief Samples verification pairs of the dev people: every fold has its own people, whole
/// families of them, and half of its pairs show one person. The other half shows two people of the
/// fold, each choice equally likely: of a fold with p people in families of f, the share
/// (f - 1) / (p - 1) shows two relatives on average.
/// @param pairs_per_fold  even
/// @throws std::invalid_argument  the dev people do not have so many pairs
std::vector<verification_pair> make_pairs(face_dataset const& faces, int folds, int pairs_per_fold,
                                          std::uint64_t seed);

/// @brief The largest number of pairs that make_pairs can give each of `folds` folds; 0 if a fold
/// has no pair of one person or none of two. The seed does not change it. @pre folds > 0
int most_pairs_per_fold(face_dataset const& faces, int folds);

struct fold_sizes {
  int folds = 10, pairs_per_fold = 300;
};

/// @brief Folds and pairs that the dev people have: as given, 10 and 300 where nothing is given, or
/// fewer of what is not given. Folds become fewer only where none of them would have the pairs
/// given, or two pairs. If nothing fits, what was wanted is returned, which make_pairs refuses.
fold_sizes fitting_folds(face_dataset const& faces, std::optional<int> folds,
                         std::optional<int> pairs_per_fold);

}  // namespace face_kit
