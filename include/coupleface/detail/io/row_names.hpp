// SPDX-License-Identifier: Apache-2.0
// coupleface: finds rows by their names in lists: a path, LFW's image name, or a number.
#pragma once

#include <coupleface/detail/io/pair_lines.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// "a/Ann/Ann_0001.jpg" -> "Ann_0001", and "Ann" with `folder`.
inline std::string_view part_of_path(std::string_view path, bool folder) {
  std::size_t const slash = path.rfind('/');
  if (folder) {
    return slash == std::string_view::npos ? std::string_view{}
                                           : part_of_path(path.substr(0, slash), false);
  }
  path.remove_prefix(slash == std::string_view::npos ? 0 : slash + 1);
  return path;
}

inline std::string_view without_ending(std::string_view name) {
  return name.substr(0, name.rfind('.'));
}

/// @brief Finds rows by name. The names must outlive this object.
class row_names {
 public:
  static constexpr index_t none = -1, several = -2;

  /// @param names [rows], or empty if rows have no names
  row_names(index_t rows, std::vector<std::string> const& names) : rows_(rows), names_(names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto const [found, added] = by_name_.emplace(names[i], index_t(i));
      if (!added) { found->second = several; }
      numbers_are_names_ = numbers_are_names_ || is_integer(names[i]);
    }
  }

  /// The row with this name; if there is none and no name is a number, the row with this number.
  index_t find(std::string const& name) const {
    auto const found = by_name_.find(name);
    if (found != by_name_.end()) { return found->second; }
    index_t number = none;
    bool const is_row = !numbers_are_names_ && parse_integer(name, number);
    return is_row && number >= 0 && number < rows_ ? number : none;
  }

  /// The image "Ann/Ann_0001" with any extension and any parent folders; if several files are named
  /// Ann_0001, the one in a folder Ann.
  index_t find_lfw(std::string const& name) {
    if (by_stem_.empty()) { collect_stems(); }
    auto const found = by_stem_.find(part_of_path(name, false));
    if (found == by_stem_.end()) { return none; }
    if (found->second.size() == 1) { return found->second[0]; }
    index_t result = none;
    for (index_t const row : found->second) {
      if (part_of_path(names_[std::size_t(row)], true) != part_of_path(name, true)) { continue; }
      result = result == none ? row : index_t(several);
    }
    return result == none ? index_t(several) : result;
  }

 private:
  void collect_stems() {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      by_stem_[without_ending(part_of_path(names_[i], false))].push_back(index_t(i));
    }
  }

  index_t rows_;
  std::vector<std::string> const& names_;
  std::unordered_map<std::string_view, index_t> by_name_;
  std::unordered_map<std::string_view, std::vector<index_t>> by_stem_;
  bool numbers_are_names_ = false;
};

/// The reason why no row matches a name.
inline std::string no_row_reason(std::string const& name, index_t found, index_t rows,
                                 std::vector<std::string> const& names) {
  if (found == row_names::several) { return "several rows are called " + in_quotes(name); }
  if (names.empty() && is_integer(name)) {
    return "there is no row " + name + ": there are " + std::to_string(rows) + ", from 0 on";
  }
  if (names.empty()) { return "names the image " + in_quotes(name) + ", but rows have no names"; }
  return "no row is called " + in_quotes(name) + ", the first is called " + in_quotes(names[0]);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
