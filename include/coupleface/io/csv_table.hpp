// SPDX-License-Identifier: Apache-2.0
// coupleface: comma-separated tables; the first line names the columns.
//
// RFC 4180: fields may be quoted, and then hold commas, quotes (doubled) and line breaks. In
// addition: LF or CRLF, the last newline may be missing; a UTF-8 byte order mark and blank lines
// are skipped; spaces around a field are stripped, except inside quotes. A zero byte is an error. A
// malformed line throws std::runtime_error naming file, byte and line. Source: RFC 4180 and ours.
#pragma once

#include <coupleface/detail/io/csv_fields.hpp>
#include <coupleface/detail/io/mapped_file.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief A CSV table, line by line. Time: linear in the file. Memory: one line.
class csv_table {
 public:
  /// @brief Reads the header.
  /// @param required  columns that must exist; others may exist
  /// @throws std::runtime_error if the file cannot be read, has no header, or its header lacks a
  ///   required column or has one twice
  explicit csv_table(std::string path, std::vector<std::string> const& required = {})
      : file_(std::move(path)), lines_(file_) {
    if (!lines_.next()) { detail::fail_file(file_.path(), "has no header"); }
    columns_ = detail::csv_fields(lines_).read();
    for (std::string const& column : required) {
      auto const count = std::count(columns_.begin(), columns_.end(), column);
      if (count == 0) { fail("has no column " + detail::in_quotes(column)); }
      if (count > 1) { fail("has the column " + detail::in_quotes(column) + " twice"); }
    }
  }

  std::vector<std::string> const& columns() const { return columns_; }
  bool has(std::string const& column) const { return place(column) < columns_.size(); }

  /// @brief Advances to the next line that is not blank; false at the end of the file.
  /// @throws std::runtime_error for a line with another number of fields than the header, a quote
  ///   without an end, or text after a closing one
  bool next() {
    if (!lines_.next()) { return false; }
    fields_ = detail::csv_fields(lines_).read();
    if (fields_.size() != columns_.size()) {
      fail("has " + std::to_string(fields_.size()) + " fields, the header " +
           std::to_string(columns_.size()));
    }
    return true;
  }

  /// The fields of the line that next() has reached, in the order of columns().
  std::vector<std::string> const& fields() const { return fields_; }

  /// @brief A field of the line that next() has reached.
  /// @throws std::runtime_error if there is no such column or line
  std::string const& text(std::string const& column) const {
    std::size_t const k = place(column);
    if (k >= fields_.size()) { fail("has no field " + detail::in_quotes(column)); }
    return fields_[k];
  }

  /// @brief The same as a decimal integer. @throws std::runtime_error if it is not one
  index_t integer(std::string const& column) const {
    index_t value = 0;
    if (!detail::parse_integer(text(column), value)) {
      fail("has " + detail::in_quotes(text(column)) + " where " + column + " should be an integer");
    }
    return value;
  }

  /// Line number in the file at which the current line begins, from 1.
  index_t line() const { return lines_.number(); }

  /// @throws std::runtime_error naming file, byte and line, always
  [[noreturn]] void fail(std::string const& reason) const { lines_.fail(reason); }

 private:
  std::size_t place(std::string const& column) const {
    return static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), column) -
                                    columns_.begin());
  }

  detail::mapped_file file_;
  detail::text_lines lines_;
  std::vector<std::string> columns_;
  std::vector<std::string> fields_;
};

/// @brief `text` as a field that csv_table reads back unchanged, quoted if necessary.
inline std::string csv_field(std::string const& text) {
  bool const plain = text.find_first_of(",\"\n\r") == std::string::npos && !text.empty() &&
                     text.find_first_of(" \t") != 0 && text.back() != ' ' && text.back() != '\t';
  if (plain) { return text; }
  std::string quoted = "\"";
  for (char const c : text) { quoted += c == '"' ? "\"\"" : std::string(1, c); }
  return quoted + "\"";
}

COUPLEFACE_NAMESPACE_END
