// SPDX-License-Identifier: Apache-2.0
// Selects folds of pairs: those used to choose settings, and those of the final table.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// Parses "0-4,7" into ranges, both ends included; empty: all folds.
/// @throws usage_error
std::vector<std::pair<int, int>> parse_folds(std::string const& text);

/// @brief The pairs of these folds. @param list, option  which gave pairs and text, for messages
/// @throws std::runtime_error  if the pairs are not of two folds or more, or not of both kinds, as
/// accuracy over folds and ROC need; usage_error  if only the chosen ones are not
std::vector<verification_pair> pairs_of(std::vector<verification_pair> const& all,
                                        std::string const& list, std::string const& option,
                                        std::string const& text);

}  // namespace face_kit
