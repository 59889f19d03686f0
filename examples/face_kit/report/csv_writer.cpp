// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/csv_writer.hpp"

#include <cmath>
#include <cstdio>

#include "face_kit/run/file_output.hpp"

namespace face_kit {

std::string csv_number(double value, csv_style const& style) {
  if (std::isnan(value)) return style.not_a_number;
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", style.digits, value);
  return text;
}

void csv_writer::write(std::string const& file) const { write_atomically(file, text_); }

}  // namespace face_kit
