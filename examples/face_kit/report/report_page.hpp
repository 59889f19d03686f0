// SPDX-License-Identifier: Apache-2.0
// A comparison as a single HTML page: its tables, with the plots embedded.
#pragma once

#include <string>
#include <vector>

#include "face_kit/report/text_table.hpp"

namespace face_kit {

struct page_section {
  std::string heading;
  std::vector<std::string> paragraphs;  ///< plain text, before the table
  text_table table;                     ///< empty: no table
  std::string picture;                  ///< an .svg file, or empty; a missing file is mentioned
};

/// @brief Writes one self-contained HTML file: pictures are embedded as data.
/// @throws std::runtime_error  naming the file that could not be read or written
void write_page(std::string const& file, std::string const& title,
                std::vector<page_section> const& sections);

}  // namespace face_kit
