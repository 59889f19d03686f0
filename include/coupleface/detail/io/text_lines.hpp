// SPDX-License-Identifier: Apache-2.0
// coupleface: splits text files into lines and fields, each with its position for messages.
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// @brief The non-blank lines of a mapped file, without LF or CRLF and without the byte order mark
/// that some editors write. The last line may lack its newline.
class text_lines {
 public:
  explicit text_lines(mapped_file const& file)
      : path_(file.path()), left_(reinterpret_cast<char const*>(file.data()), file.size()) {
    if (left_.substr(0, 3) == "\xEF\xBB\xBF") { skip(3); }
  }

  /// False at the end of the file.
  bool next() {
    while (!left_.empty()) {
      begin_ = offset_;
      number_ = taken_ + 1;
      line_ = take_line();
      if (line_.find_first_not_of(" \t") != std::string_view::npos) { return true; }
    }
    return false;
  }

  /// Extends line() by its line break and the next line; false at the end of the file.
  bool extend() {
    if (left_.empty()) { return false; }
    std::string_view const more = take_line();
    char const* const end = more.data() + more.size();
    line_ = {line_.data(), static_cast<std::size_t>(end - line_.data())};
    return true;
  }

  std::string_view line() const { return line_; }
  std::uint64_t offset() const { return begin_; }
  /// Counted from 1, blank lines included.
  index_t number() const { return number_; }

  [[noreturn]] void fail(std::string const& reason) const {
    fail_file(path_, begin_, "line " + std::to_string(number_) + " " + reason);
  }

 private:
  std::string_view take_line() {
    std::size_t const end = std::min(left_.find('\n'), left_.size());
    std::string_view line = left_.substr(0, end);
    skip(std::min(end + 1, left_.size()));
    ++taken_;
    if (!line.empty() && line.back() == '\r') { line.remove_suffix(1); }
    if (line.find('\0') != std::string_view::npos) { fail("holds a zero byte: no text"); }
    return line;
  }

  void skip(std::size_t count) {
    left_.remove_prefix(count);
    offset_ += count;
  }

  std::string const& path_;
  std::string_view left_;
  std::string_view line_;
  std::uint64_t offset_ = 0;
  std::uint64_t begin_ = 0;
  index_t number_ = 0;
  index_t taken_ = 0;
};

/// Parses all of `text` as a decimal integer.
inline bool parse_integer(std::string_view text, index_t& value) {
  char const* const end = text.data() + text.size();
  auto const result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

/// The start of `text` for a message; characters that are not printable become '?'.
inline std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (char const c : text.substr(0, 60)) { result += c >= ' ' && c <= '~' ? c : '?'; }
  return result + (text.size() > 60 ? "...'" : "'");
}

inline index_t expect_integer(text_lines const& lines, std::string_view text, char const* what) {
  index_t value = 0;
  if (!parse_integer(text, value)) {
    lines.fail("has " + in_quotes(text) + " where " + what + " should be");
  }
  return value;
}

/// Fields between single separators.
inline std::vector<std::string_view> split_at(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  for (;;) {
    std::size_t const end = line.find(separator);
    fields.push_back(line.substr(0, end));
    if (end == std::string_view::npos) { return fields; }
    line.remove_prefix(end + 1);
  }
}

/// Fields between runs of spaces and tabs.
inline std::vector<std::string_view> split_at_blanks(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    std::size_t const begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) { return fields; }
    line.remove_prefix(begin);
    std::size_t const end = std::min(line.find_first_of(" \t"), line.size());
    fields.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

/// Fields between single commas, without blanks around them.
inline std::vector<std::string_view> split_at_commas(std::string_view line) {
  auto fields = split_at(line, ',');
  for (std::string_view& field : fields) {
    field.remove_prefix(std::min(field.find_first_not_of(" \t"), field.size()));
    field = field.substr(0, field.find_last_not_of(" \t") + 1);
  }
  return fields;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
