// SPDX-License-Identifier: Apache-2.0
// A comparison as one page for a browser: its tables, with the plots inside.
#pragma once

#include <string>
#include <vector>

#include "face_kit/report/text_table.hpp"

namespace face_kit {

struct page_section {
  std::string heading;
  std::vector<std::string> paragraphs;  ///< plain text, before the table
  text_table table;                     ///< none: empty
  std::string picture;                  ///< an .svg file, or none; one that is missing is said
};

/// @brief One file of HTML without links to others: pictures are data within it.
/// @throws std::runtime_error  naming the file that could not be read or written
void write_page(std::string const& file, std::string const& title,
                std::vector<page_section> const& sections);

}  // namespace face_kit
