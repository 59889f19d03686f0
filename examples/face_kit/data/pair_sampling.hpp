// SPDX-License-Identifier: Apache-2.0
// Verification pairs of known people: "same person or not?", in folds that share nobody.
#pragma once

#include <cstdint>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// @brief Samples verification pairs of the dev people: every fold has its own people, and half of
/// its pairs show one person.
/// @param pairs_per_fold  even
/// @throws std::invalid_argument  the dev people do not have so many pairs
std::vector<verification_pair> make_pairs(face_dataset const& faces, int folds, int pairs_per_fold,
                                          std::uint64_t seed);

}  // namespace face_kit
