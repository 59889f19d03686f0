// coupleface: text files by lines and fields, each with its place for messages.
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// @brief The lines of a mapped file that are not blank, without LF or CRLF and without the byte
/// order mark that some editors put before the first. The last one may lack its newline.
class text_lines {
 public:
  explicit text_lines(mapped_file const& file)
      : path_(file.path()), left_(reinterpret_cast<char const*>(file.data()), file.size()) {
    if (left_.substr(0, 3) == "\xEF\xBB\xBF") { skip(3); }
  }

  /// False at the end of the file.
  bool next() {
    while (!left_.empty()) {
      std::size_t const end = std::min(left_.find('\n'), left_.size());
      line_ = left_.substr(0, end);
      begin_ = offset_;
      ++number_;
      skip(std::min(end + 1, left_.size()));
      if (!line_.empty() && line_.back() == '\r') { line_.remove_suffix(1); }
      if (line_.find('\0') != std::string_view::npos) { fail("holds a zero byte: no text"); }
      if (line_.find_first_not_of(" \t") != std::string_view::npos) { return true; }
    }
    return false;
  }

  std::string_view line() const { return line_; }
  std::uint64_t offset() const { return begin_; }

  [[noreturn]] void fail(std::string const& reason) const {
    fail_file(path_, begin_, "line " + std::to_string(number_) + " " + reason);
  }

 private:
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
};

/// All of `text` as a decimal integer.
inline bool parse_integer(std::string_view text, index_t& value) {
  char const* const end = text.data() + text.size();
  auto const result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

/// `text` for a message: its beginning, without what a terminal would act upon.
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

/// Fields between commas, with the quotes of RFC 4180 but for newlines within them.
inline std::vector<std::string> split_csv(text_lines const& lines) {
  std::vector<std::string> fields(1);
  std::string_view const line = lines.line();
  bool quotes = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quotes && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[i++];
    } else if (line[i] == '"' && (quotes || fields.back().empty())) {
      quotes = !quotes;
    } else if (line[i] == ',' && !quotes) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  if (quotes) { lines.fail("has a quote without an end"); }
  return fields;
}

/// The place of the column `name`; fails where the header has none.
inline std::size_t expect_column(text_lines const& lines, std::vector<std::string> const& header,
                                 std::string const& name) {
  for (std::size_t k = 0; k < header.size(); ++k) {
    if (header[k] == name) { return k; }
  }
  lines.fail("has no column " + in_quotes(name));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
