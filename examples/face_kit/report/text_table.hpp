// SPDX-License-Identifier: Apache-2.0
// Text tables for the terminal and for Markdown.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace face_kit {

/// Cells of text; the first row is the header.
using text_table = std::vector<std::vector<std::string>>;

/// Number of UTF-8 code points: bytes that are not continuation bytes.
std::size_t width_of(std::string const& text);

void print_aligned(std::ostream& out, text_table const& table, bool markdown);

/// A number in printf's format; "-" for NaN.
std::string fixed(double value, char const* format = "%.2f");

}  // namespace face_kit
