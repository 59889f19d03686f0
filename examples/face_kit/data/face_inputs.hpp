// SPDX-License-Identifier: Apache-2.0
// Opens faces by the name of a file or folder, with the reader that fits.
#pragma once

#include <coupleface/io/image_list.hpp>
#include <coupleface/io/image_pairs.hpp>
#include <coupleface/io/record_set.hpp>
#include <coupleface/io/verification_pack.hpp>

#include <string>
#include <variant>
#include <vector>

namespace face_kit {

using coupleface::image_list;
using coupleface::image_pairs;
using coupleface::index_t;
using coupleface::record_set;
using coupleface::verification_pack;

using any_input = std::variant<image_list, record_set, image_pairs, verification_pack>;

bool ends_with(std::string const& text, std::string const& end);

/// With leading zeros, so that names sort numerically.
std::string padded(index_t number);

/// The name of a label's person; empty for a negative label, which is nobody's.
std::string person_of(record_set const& set, index_t label);
std::string person_of(image_list const& list, index_t label);

/// How every program opens faces by name.
/// @throws std::runtime_error naming file, byte, line and reason; also if there is no image, and
/// for a list that has an image twice
any_input open_input(std::string const& path);

/// Warns in one line if a folder has files that are not images of a person.
void warn_of_skipped(std::string const& folder, std::vector<std::string> const& skipped);
void warn_of_skipped(std::string const& folder, any_input const& input);

}  // namespace face_kit
