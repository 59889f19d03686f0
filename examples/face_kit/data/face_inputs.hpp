// SPDX-License-Identifier: Apache-2.0
// Opens faces by the name of a file or folder, with the reader that fits.
#pragma once

#include <coupleface/io/image_list.hpp>
#include <coupleface/io/image_pairs.hpp>
#include <coupleface/io/record_set.hpp>
#include <coupleface/io/verification_pack.hpp>

#include <string>
#include <utility>
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

/// Image i in messages: "LIST: line 3: PATH" of a list or table, the path of a folder's image,
/// "FILE: image 7" of a set. @param input  as the program was given it
std::string name_of(image_list const& list, std::string const& input, index_t i);
std::string name_of(coupleface::image_pairs const& pairs, std::string const& input, index_t i);
std::string name_of(record_set const& set, std::string const& input, index_t i);
std::string name_of(verification_pack const& pack, std::string const& input, index_t i);

/// @brief The first path that was there before, in this spelling or another such as "./x//y" for
/// "x/y". @returns the positions of both, the earlier one first; {0, 0}: there is none
std::pair<std::size_t, std::size_t> path_that_is_twice(std::vector<std::string> const& paths);

/// How every program opens faces by name.
/// @throws std::runtime_error naming file, byte, line and reason; also if there is no image, and
/// for a list that has an image twice
any_input open_input(std::string const& path);

/// Warns in one line if a folder has files that are not images of a person.
void warn_of_skipped(std::string const& folder, std::vector<std::string> const& skipped);
void warn_of_skipped(std::string const& folder, any_input const& input);

}  // namespace face_kit
