// SPDX-License-Identifier: Apache-2.0
// coupleface: lists of image files with labels.
//
// Text files: LF or CRLF, the last newline may be missing, a UTF-8 byte order mark and blank lines
// are skipped, a zero byte is an error. Names may contain spaces. A malformed line throws
// std::runtime_error naming file, byte and line. Source: ours (.lst: insightface, dir2lst.py and
// face_preprocess.parse_lst_line).
#pragma once

#include <coupleface/detail/io/image_folder.hpp>
#include <coupleface/detail/io/list_lines.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/error.hpp>
#include <coupleface/io/csv_table.hpp>
#include <coupleface/io/face_sample.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Image files and labels. Everything const may be called from several threads at once.
struct image_list {
  std::string folder;               ///< base of relative paths; empty or ending in '/'
  std::vector<std::string> paths;   ///< [n], as the list has them
  std::vector<index_t> labels;      ///< [n]
  std::vector<std::string> people;  ///< [classes], or empty where labels are the list's own numbers
  std::vector<std::string> splits;  ///< [n], or empty where the list has no such column
  std::vector<index_t> lines;       ///< [n], of the list, from 1; empty for a folder
  std::vector<std::string>
      skipped;       ///< of a folder: files that are not images of a person (read_image_folder)
  std::string file;  ///< the list; empty for a folder

  index_t size() const { return static_cast<index_t>(paths.size()); }

  /// @brief Path of image i. @throws std::invalid_argument unless 0 <= i < size()
  std::string path(index_t i) const {
    detail::expect(i >= 0 && i < size(), "image_list::path", "there is no such image");
    return detail::joined(folder, paths[static_cast<std::size_t>(i)]);
  }

  /// @brief Image i, its file mapped.
  /// @throws std::runtime_error naming list, line and file if that is not possible
  face_sample sample(index_t i) const {
    auto const at = static_cast<std::size_t>(i);
    auto const image = detail::open_listed(path(i), file, lines, at);
    return {{image->data(), static_cast<index_t>(image->size())}, labels[at], image};
  }
};

/// @brief Reads lines "path label": the label is the integer after the last tab, comma or space.
/// Blanks and one comma before that separator belong to neither.
/// @throws std::runtime_error for a line without a path or an integer
inline image_list read_image_list(std::string const& path) {
  image_list list;
  list.folder = detail::folder_of(path);
  list.file = path;
  detail::mapped_file const map(path);
  detail::text_lines lines(map);
  while (lines.next()) {
    auto const [name, label] = detail::split_last(lines);
    list.paths.emplace_back(name);
    list.lines.push_back(lines.number());
    list.labels.push_back(detail::expect_integer(lines, label, "the label"));
  }
  return list;
}

/// @brief Reads InsightFace's .lst: lines "flag <tab> path <tab> label"; further fields (boxes,
/// landmarks) are ignored.
/// @throws std::runtime_error for fewer fields, or a flag or label that is not an integer
inline image_list read_lst(std::string const& path) {
  image_list list;
  list.folder = detail::folder_of(path);
  list.file = path;
  detail::mapped_file const map(path);
  detail::text_lines lines(map);
  while (lines.next()) {
    auto const fields = detail::split_at(lines.line(), '\t');
    if (fields.size() < 3) { lines.fail("is not a flag, a path and a label between tabs"); }
    detail::expect_integer(lines, fields[0], "the flag");
    if (fields[1].empty()) { lines.fail("has no path"); }
    list.paths.emplace_back(fields[1]);
    list.lines.push_back(lines.number());
    list.labels.push_back(
        detail::expect_integer(lines, fields[2], "the label (im2rec's order is another)"));
  }
  return list;
}

/// The columns of a table of images.
struct image_columns {
  std::string path = "path";
  std::string person = "person";
  std::string split = "split";  ///< may be missing
};

/// @brief Reads a CSV table with a header; fields may be quoted. A person is a name: labels number
/// the names in the order of their bytes, as read_image_folder does.
/// @throws std::runtime_error for missing columns, lines with another number of fields, empty paths
///   or names
inline image_list read_image_table(std::string const& path, image_columns const& columns = {}) {
  image_list list;
  list.folder = detail::folder_of(path);
  list.file = path;
  std::vector<std::string> names;
  csv_table table(path, {columns.path, columns.person});
  while (table.next()) {
    list.paths.push_back(table.text(columns.path));
    names.push_back(table.text(columns.person));
    list.lines.push_back(table.line());
    if (table.has(columns.split)) { list.splits.push_back(table.text(columns.split)); }
    if (list.paths.back().empty() || names.back().empty()) {
      table.fail("has an empty path or person");
    }
  }
  list.labels = detail::number_names(names, list.people);
  return list;
}

/// @brief Writes "path <tab> label" lines, which read_image_list reads; atomically.
/// @throws std::runtime_error for a path that such a line cannot contain, or if the system refuses
inline void write_image_list(std::string const& path, image_list const& list) {
  detail::write_lines(path, list.paths, list.labels, "");
}

/// @brief Writes a .lst, which read_lst and InsightFace's tools read; atomically.
/// @throws std::runtime_error as write_image_list
inline void write_lst(std::string const& path, image_list const& list) {
  detail::write_lines(path, list.paths, list.labels, "1\t");
}

COUPLEFACE_NAMESPACE_END
