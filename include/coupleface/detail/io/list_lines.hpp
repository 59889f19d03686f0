// SPDX-License-Identifier: Apache-2.0
// coupleface: reads and writes the lines of image lists and tables.
#pragma once

#include <coupleface/detail/io/atomic_file.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/text_lines.hpp>

#include <memory>
#include <utility>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The parts of a line before and after its last tab, comma or space.
inline std::pair<std::string_view, std::string_view> split_last(text_lines const& lines) {
  std::string_view line = lines.line();
  line = line.substr(0, line.find_last_not_of(" \t") + 1);
  std::size_t const separator = line.find_last_of("\t, ");
  if (separator == std::string_view::npos) { lines.fail("has no path and label"); }
  std::string_view const last = line.substr(separator + 1);
  bool const comma = line[separator] == ',';
  line = line.substr(0, separator);
  line = line.substr(0, line.find_last_not_of(" \t") + 1);
  if (!comma && !line.empty() && line.back() == ',') { line.remove_suffix(1); }
  if (line.empty()) { lines.fail("has no path"); }
  return {line, last};
}

/// Maps the file of an image; an error names the list and the line that name it.
/// @param lines of the list's images; empty: the images come from a folder
inline std::shared_ptr<mapped_file const> open_listed(std::string const& file,
                                                      std::string const& list,
                                                      std::vector<index_t> const& lines,
                                                      std::size_t i) {
  try {
    return std::make_shared<mapped_file const>(file);
  } catch (std::runtime_error const& error) {
    if (i >= lines.size()) { throw; }
    std::string const text = error.what(), own = "coupleface: ";
    fail_file(list, "line " + std::to_string(lines[i]) + ": " +
                        (text.compare(0, own.size(), own) == 0 ? text.substr(own.size()) : text));
  }
}

/// `unique` becomes the sorted distinct names; returns the position of each of `names` in it.
inline std::vector<index_t> number_names(std::vector<std::string> const& names,
                                         std::vector<std::string>& unique) {
  unique = names;
  std::sort(unique.begin(), unique.end());
  unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
  std::vector<index_t> numbers;
  for (std::string const& name : names) {
    numbers.push_back(std::lower_bound(unique.begin(), unique.end(), name) - unique.begin());
  }
  return numbers;
}

inline void write_lines(std::string const& path, std::vector<std::string> const& names,
                        std::vector<index_t> const& labels, std::string const& before) {
  atomic_file file(path);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string const& name = names[i];
    // A reader would take these characters for a separator, or drop them.
    bool const plain = !name.empty() &&
                       name.find_first_of(std::string("\n\r\t\0", 4)) == std::string::npos &&
                       std::string_view(" ,").find(name.back()) == std::string_view::npos &&
                       (i > 0 || name.compare(0, 3, "\xEF\xBB\xBF") != 0);
    if (!plain) {
      fail_file(path, file.offset(), "a list cannot hold the path " + in_quotes(name));
    }
    file.write(before + name + "\t" + std::to_string(labels.at(i)) + "\n");
  }
  file.commit();
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
