// SPDX-License-Identifier: Apache-2.0
// Prints JSON, in the same format for all programs.
#pragma once

#include <nlohmann/json.hpp>

#include <ostream>
#include <string>

namespace face_kit {

/// @brief Indented by two, keys in insertion order. NaN and infinity, which JSON cannot represent,
/// are null; bytes of file names that are not UTF-8 become U+FFFD.
std::string json_text(nlohmann::ordered_json const& document);

/// The text and a newline.
void print_json(std::ostream& out, nlohmann::ordered_json const& document);

}  // namespace face_kit
