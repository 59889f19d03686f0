// SPDX-License-Identifier: Apache-2.0
// coupleface: splits one line of a CSV table into fields.
#pragma once

#include <coupleface/detail/io/text_lines.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// @brief Fields between commas, quoted or not, as in RFC 4180. Blanks around a field are dropped,
/// blanks within quotes are kept. A quoted field may hold line breaks; a quote inside an unquoted
/// field is an ordinary character.
class csv_fields {
 public:
  explicit csv_fields(text_lines& lines) : lines_(lines) {}

  /// The fields of the current line, and of the following lines that quotes join to it.
  std::vector<std::string> read() {
    std::vector<std::string> fields;
    at_ = 0;
    do {
      skip_blanks();
      fields.push_back(ahead('"') ? quoted() : plain());
    } while (take(','));
    return fields;
  }

 private:
  bool ahead(char c) const { return at_ < lines_.line().size() && lines_.line()[at_] == c; }
  bool take(char c) {
    bool const there = ahead(c);
    at_ += there ? 1 : 0;
    return there;
  }
  void skip_blanks() { at_ = std::min(lines_.line().find_first_not_of(" \t", at_), end()); }
  std::size_t end() const { return lines_.line().size(); }

  std::string plain() {
    std::string_view const line = lines_.line();
    std::size_t const begin = at_;
    at_ = std::min(line.find(',', at_), end());
    std::string_view const field = line.substr(begin, at_ - begin);
    return std::string(field.substr(0, field.find_last_not_of(" \t") + 1));
  }

  std::string quoted() {
    std::string field;
    take('"');
    for (std::size_t from = at_;;) {
      std::size_t const quote = lines_.line().find('"', from);
      if (quote == std::string_view::npos) {
        from = end();
        if (!lines_.extend()) { lines_.fail("has a quote without an end"); }
        continue;
      }
      field.append(lines_.line(), at_, quote - at_);
      at_ = quote + 1;
      if (!take('"')) { break; }
      field += '"';
      from = at_;
    }
    skip_blanks();
    if (at_ < end() && !ahead(',')) { lines_.fail("has text behind a closing quote"); }
    return field;
  }

  text_lines& lines_;
  std::size_t at_ = 0;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
