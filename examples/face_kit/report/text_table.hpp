// SPDX-License-Identifier: Apache-2.0
// Tables of text for the screen and for Markdown.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace face_kit {

/// Cells of text; the first row is the header.
using text_table = std::vector<std::vector<std::string>>;

/// Characters on the screen: every byte of UTF-8 but the continuing ones.
std::size_t width_of(std::string const& text);

void print_aligned(std::ostream& out, text_table const& table, bool markdown);

/// A number by printf's format; "-" for NaN.
std::string fixed(double value, char const* format = "%.2f");

}  // namespace face_kit
