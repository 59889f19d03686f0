// SPDX-License-Identifier: Apache-2.0
// Writes comma-separated values, in the same format for all programs.
#pragma once

#include <coupleface/io/csv_table.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace face_kit {

/// How numbers are written.
struct csv_style {
  int digits = 8;            ///< of floating point numbers, as in printf's %g
  std::string not_a_number;  ///< for NaN; empty: an empty cell
};

/// "%.<digits>g", or the style's text for NaN.
std::string csv_number(double value, csv_style const& style = {});

/// @brief Lines of cells, collected in memory. Text is quoted if necessary (RFC 4180).
class csv_writer {
 public:
  explicit csv_writer(csv_style style = {}) : style_(std::move(style)) {}
  explicit csv_writer(std::vector<std::string> const& columns, csv_style style = {})
      : style_(std::move(style)) {
    for (auto const& column : columns) cell(column);
    end_row();
  }

  template <class T>
  csv_writer& cell(T const& value) {
    if (begun_) text_ += ',';
    begun_ = true;
    if constexpr (std::is_floating_point_v<T>) text_ += csv_number(double(value), style_);
    else if constexpr (std::is_integral_v<T>) text_ += std::to_string(value);
    else text_ += coupleface::csv_field(value);
    return *this;
  }
  void end_row() {
    text_ += '\n';
    begun_ = false;
  }
  template <class... Cells>
  void row(Cells const&... cells) {
    (cell(cells), ...);
    end_row();
  }

  std::string const& text() const { return text_; }
  void clear() { text_.clear(); }
  /// Writes the file, replacing an existing one as a whole.
  /// @throws std::runtime_error  naming it
  void write(std::string const& file) const;

 private:
  csv_style style_;
  std::string text_;
  bool begun_ = false;
};

}  // namespace face_kit
