// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/report_page.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "face_kit/report/plot_files.hpp"
#include "face_kit/run/file_output.hpp"

namespace face_kit {

namespace {

constexpr char const* style =
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;margin:1em 0}"
    "td,th{border:1px solid #bbb;padding:.3em .7em;text-align:right}"
    "td:first-child,th:first-child{text-align:left}th{background:#eee}img{max-width:100%}";

std::string escaped(std::string const& text) {
  std::string html;
  for (char const c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// A picture as a data URL for <img>, percent-encoded where browsers or HTML require it.
std::string data_address(std::string const& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string const svg{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) throw std::runtime_error(file + ": cannot be read");
  std::string address = "data:image/svg+xml;charset=utf-8,";
  constexpr char const* digits = "0123456789ABCDEF";
  for (char const c : svg) {
    auto const byte = static_cast<unsigned char>(c);
    bool const plain =
        byte > ' ' && byte < 127 && std::string("%#<>\"'&`{}|\\^").find(c) == std::string::npos;
    if (plain) {
      address += c;
    } else {
      address += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return address;
}

void write_table(std::ostream& out, text_table const& table) {
  out << "<table>\n";
  for (std::size_t r = 0; r < table.size(); ++r) {
    char const* const cell = r == 0 ? "th" : "td";
    out << "<tr>";
    for (auto const& text : table[r])
      out << '<' << cell << '>' << escaped(text) << "</" << cell << '>';
    out << "</tr>\n";
  }
  out << "</table>\n";
}

}  // namespace

void write_page(std::string const& file, std::string const& title,
                std::vector<page_section> const& sections) {
  auto out = text_of_file();
  out << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>"
      << escaped(title) << "</title><style>" << style << "</style></head><body>\n<h1>"
      << escaped(title) << "</h1>\n";
  for (auto const& section : sections) {
    out << "<h2>" << escaped(section.heading) << "</h2>\n";
    for (auto const& paragraph : section.paragraphs) out << "<p>" << escaped(paragraph) << "</p>\n";
    if (!section.table.empty()) write_table(out, section.table);
    if (section.picture.empty()) continue;
    if (std::filesystem::exists(section.picture)) {
      out << "<img alt=\"" << escaped(section.heading) << "\" src=\""
          << data_address(section.picture) << "\">\n";
    } else {
      out << "<p>There is no picture: gnuplot did not draw it.</p>\n";
    }
  }
  out << "</body></html>\n";
  write_atomically(file, out.str());
}

}  // namespace face_kit
