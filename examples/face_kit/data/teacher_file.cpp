// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/teacher_file.hpp"

#include <cmath>
#include <stdexcept>
#include <variant>

#include "face_kit/data/row_files.hpp"

namespace face_kit {

teacher_rows read_teacher(std::string const& file, face_dataset const& faces) {
  teacher_rows teacher;
  std::visit(
      [&](auto const& array) {
        auto const rows = array.matrix();
        if (rows.extent(0) != faces.listed_rows()) {
          throw std::runtime_error(
              file + ": " + std::to_string(rows.extent(0)) + " rows for " +
              std::to_string(faces.listed_rows()) + " images" +
              (faces.rows.empty() ? "" : "; images that cannot be decoded need a row too"));
        }
        teacher.width = rows.extent(1);
        for (int i = 0; i < faces.size(); ++i) {
          if (faces.listed_row(i) < 0) {
            teacher.values.resize(teacher.values.size() + static_cast<std::size_t>(teacher.width));
            continue;
          }
          for (std::int64_t c = 0; c < teacher.width; ++c) {
            auto const stored = static_cast<double>(rows(faces.listed_row(i), c));
            auto const value = static_cast<float>(stored);
            if (!std::isfinite(value)) {
              throw std::runtime_error(
                  file + ": row " + std::to_string(faces.listed_row(i)) + ", column " +
                  std::to_string(c) + " is " +
                  (std::isfinite(stored) ? "too large for float32" : std::to_string(stored)) +
                  " (counted from 0; the image is " + faces.paths[static_cast<std::size_t>(i)] +
                  ")");
            }
            teacher.values.push_back(value);
          }
        }
      },
      open_rows(file));
  return teacher;
}

}  // namespace face_kit
