// SPDX-License-Identifier: Apache-2.0
// coupleface: detects the form of a list of pairs, and splits its lines into fields.
#pragma once

#include <coupleface/detail/io/list_lines.hpp>
#include <coupleface/detail/io/mapped_file.hpp>

#include <unordered_map>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The forms of a list of pairs.
enum class pair_list_form {
  table,  ///< CSV with the columns a, b, same and optionally fold
  lines,  ///< "a b same"
  lfw,    ///< LFW's pairs.txt: "name 1 2" and "name 1 other 2"
  pack    ///< InsightFace's .bin
};

namespace detail {

/// Splits at tabs if there are two or more, else at commas if there are two or more, else at
/// blanks.
inline std::vector<std::string_view> pair_fields(std::string_view line) {
  line = line.substr(0, line.find_last_not_of(" \t") + 1);
  if (std::count(line.begin(), line.end(), '\t') >= 2) {
    auto fields = split_at(line, '\t');
    for (std::string_view& field : fields) {
      field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
      field = field.substr(0, field.find_last_not_of(' ') + 1);
    }
    return fields;
  }
  bool const commas = std::count(line.begin(), line.end(), ',') >= 2;
  return commas ? split_at_commas(line) : split_at_blanks(line);
}

inline bool is_integer(std::string_view text) {
  index_t ignored = 0;
  return parse_integer(text, ignored);
}

inline bool has_digit(std::string_view text) {
  return text.find_first_of("0123456789") != std::string_view::npos;
}

/// "10 300", or "300" alone.
inline bool is_lfw_header(std::vector<std::string_view> const& fields) {
  return fields.size() <= 2 && std::all_of(fields.begin(), fields.end(), is_integer);
}

inline bool is_lfw_line(std::vector<std::string_view> const& fields) {
  return fields.size() == 3 ? !is_integer(fields[0]) && is_integer(fields[1])
                            : fields.size() == 4 && is_integer(fields[1]) && is_integer(fields[3]);
}

inline bool is_pickle(mapped_file const& file) { return file.size() > 0 && file.data()[0] == 0x80; }

/// Whether the first line has this column, quoted or not: the header of a table. Its only column is
/// one too.
inline bool has_column(mapped_file const& file, std::string const& name) {
  text_lines lines(file);
  if (!lines.next()) { return false; }
  for (std::string_view const column : split_at_commas(lines.line())) {
    if (column == name || column == '"' + name + '"') { return true; }
  }
  return false;
}

/// Checks every line, as "name 1 1" alone could be either text form.
inline pair_list_form form_of_pairs(mapped_file const& file) {
  if (is_pickle(file)) { return pair_list_form::pack; }
  text_lines lines(file);
  if (!lines.next()) { fail_file(file.path(), "is empty: no pairs"); }
  if (has_column(file, "same")) { return pair_list_form::table; }
  if (is_lfw_header(pair_fields(lines.line()))) { return pair_list_form::lfw; }
  do {
    if (is_lfw_line(pair_fields(lines.line()))) { return pair_list_form::lfw; }
  } while (lines.next());
  return pair_list_form::lines;
}

/// Numbers names in the order of their first use; stores each once.
class name_places {
 public:
  explicit name_places(std::vector<std::string>& names) : names_(names) {}

  index_t place(std::string const& name) {
    auto const found = places_.find(name);
    if (found != places_.end()) { return found->second; }
    index_t const place = index_t(names_.size());
    places_.emplace(name, place);
    names_.push_back(name);
    return place;
  }

 private:
  std::vector<std::string>& names_;
  std::unordered_map<std::string, index_t> places_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
