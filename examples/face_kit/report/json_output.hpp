// SPDX-License-Identifier: Apache-2.0
// JSON as all programs write it.
#pragma once

#include <nlohmann/json.hpp>

#include <ostream>
#include <string>

namespace face_kit {

/// @brief Indented by two, keys in the order in which they were set. NaN and infinity, for which
/// JSON has no word, are null; bytes of file names that are no UTF-8 become U+FFFD.
std::string json_text(nlohmann::ordered_json const& document);

/// The text and a line break.
void print_json(std::ostream& out, nlohmann::ordered_json const& document);

}  // namespace face_kit
