// SPDX-License-Identifier: Apache-2.0
// Which folds of the pairs a choice may see, and which the final table is on.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// "0-4,7" to a set; empty: all folds.
/// @throws usage_error
std::set<int> parse_folds(std::string const& text);

/// The pairs of these folds. @throws usage_error  there is none
std::vector<verification_pair> pairs_of(std::vector<verification_pair> const& all,
                                        std::string const& text);

}  // namespace face_kit
