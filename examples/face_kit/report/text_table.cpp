// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace face_kit {

std::size_t width_of(std::string const& text) {
  std::size_t width = 0;
  for (char const c : text) width += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return width;
}

namespace {

std::vector<std::size_t> widths_of(text_table const& table) {
  std::vector<std::size_t> widths(table.front().size());
  for (auto const& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

}  // namespace

void print_aligned(std::ostream& out, text_table const& table, bool markdown) {
  auto const widths = widths_of(table);
  std::vector<std::string> rule;
  for (auto const width : widths) rule.push_back(std::string(width, '-'));
  auto const print_row = [&](std::vector<std::string> const& row) {
    std::string line = markdown ? "|" : "";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += markdown ? " " : (i == 0 ? "" : "   ");
      line += row[i] + std::string(widths[i] - width_of(row[i]), ' ');
      if (markdown) line += " |";
    }
    out << line.erase(line.find_last_not_of(' ') + 1) << '\n';
  };
  print_row(table.front());
  print_row(rule);
  for (std::size_t r = 1; r < table.size(); ++r) print_row(table[r]);
}

std::string fixed(double value, char const* format) {
  if (std::isnan(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

}  // namespace face_kit
