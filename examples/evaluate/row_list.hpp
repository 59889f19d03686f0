// SPDX-License-Identifier: Apache-2.0
// Names and people of rows, from lists in the common formats.
#pragma once

#include <coupleface/detail/io/numbers.hpp>
#include <coupleface/detail/io/pair_lines.hpp>
#include <coupleface/io/csv_table.hpp>
#include <coupleface/io/image_folder.hpp>
#include <coupleface/io/image_list.hpp>
#include <coupleface/io/template_list.hpp>

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "face_kit/data/face_inputs.hpp"
#include "face_kit/run/messages.hpp"

namespace evaluate {

using coupleface::index_t;

/// One entry per row.
struct row_list {
  std::string file;
  std::vector<std::string> names;   ///< [n], unique
  std::vector<std::string> people;  ///< [n], "": unknown; empty if the list has no people
  std::vector<std::string> splits;  ///< [n], or empty
  std::vector<float> scores;        ///< [n] of a face detector, or empty
  std::vector<index_t> lines;       ///< [n] from 1; may be empty

  [[noreturn]] void fail(std::size_t row, std::string const& reason) const {
    throw std::runtime_error(
        file +
        (lines.empty() ? ", row " + std::to_string(row) : ", line " + std::to_string(lines[row])) +
        ": " + reason);
  }
};

namespace detail {

inline row_list rows_of_table(std::string const& file) {
  coupleface::csv_table table(file, {"path"});
  bool const people = table.has("person"), splits = table.has("split");
  row_list list;
  while (table.next()) {
    list.names.push_back(table.text("path"));
    if (people) list.people.push_back(table.text("person"));
    if (splits) list.splits.push_back(table.text("split"));
    list.lines.push_back(table.line());
  }
  return list;
}

inline row_list rows_of_landmarks(std::string const& file) {
  auto there = coupleface::read_landmark_list(file);
  row_list list;
  list.names = std::move(there.files);
  list.scores = std::move(there.scores);
  return list;
}

inline row_list rows_of_images(coupleface::image_list const& there) {
  row_list list;
  list.names = there.paths;
  list.lines = there.lines;
  for (index_t const label : there.labels) {
    list.people.push_back(there.people.empty() ? std::to_string(label)
                                               : there.people[static_cast<std::size_t>(label)]);
    if (label < 0) list.people.back().clear();
  }
  return list;
}

inline row_list rows_of_folder(std::string const& folder) {
  auto const there = coupleface::read_image_folder(folder);
  if (!there.skipped.empty()) {
    face_kit::tell_fault(
        "%s: %zu files have no row: not an image in a person's folder; the first is %s",
        folder.c_str(), there.skipped.size(), there.skipped.front().c_str());
  }
  return rows_of_images(there);
}

/// Detects the format by the first line.
inline row_list rows_of_lines(std::string const& file) {
  coupleface::mapped_file const map(file);
  coupleface::detail::text_lines lines(map);
  if (!lines.next()) throw std::runtime_error(file + ": is empty");
  if (coupleface::detail::has_column(map, "path")) return rows_of_table(file);
  auto const fields = coupleface::detail::split_at_blanks(lines.line());
  double ignored = 0;
  auto const is_number = [&](std::string_view text) {
    return coupleface::detail::parse_number(text, ignored);
  };
  if (fields.size() >= 12 && std::all_of(fields.end() - 11, fields.end(), is_number)) {
    return rows_of_landmarks(file);
  }
  auto const tabs = coupleface::detail::split_at(lines.line(), '\t');
  bool const lst = tabs.size() >= 3 && coupleface::detail::is_integer(tabs[0]);
  return rows_of_images(lst ? coupleface::read_lst(file) : coupleface::read_image_list(file));
}

}  // namespace detail

/// @throws std::runtime_error naming file and line, also for a duplicate name
inline row_list read_row_list(std::string const& file) {
  row_list list = std::filesystem::is_directory(file) ? detail::rows_of_folder(file)
                                                      : detail::rows_of_lines(file);
  list.file = file;
  auto const [first, again] = face_kit::path_that_is_twice(list.names);
  if (again == 0) return list;
  bool const by_line = !list.lines.empty();
  list.fail(again, list.names[again] + " is listed twice, first in " +
                       (by_line ? "line " : "row ") +
                       std::to_string(by_line ? list.lines[first] : index_t(first)));
}

/// People numbered in order of first appearance; -1: unknown.
inline std::vector<std::int32_t> numbers_of(std::vector<std::string> const& people) {
  std::unordered_map<std::string, std::int32_t> numbers;
  std::vector<std::int32_t> labels;
  for (auto const& person : people) {
    auto const next = static_cast<std::int32_t>(numbers.size());
    labels.push_back(person.empty() ? -1 : numbers.emplace(person, next).first->second);
  }
  return labels;
}

/// Throws if one label covers two people of the list, or one person has two labels.
inline void expect_labels_fit(row_list const& list, std::vector<std::int32_t> const& labels,
                              std::string const& labels_file) {
  auto const people = numbers_of(list.people);
  std::unordered_map<std::int32_t, std::size_t> row_of_person, row_of_label;
  for (std::size_t i = 0; i < people.size(); ++i) {
    if (people[i] < 0 || labels[i] < 0) continue;
    auto const person = row_of_person.emplace(people[i], i).first->second;
    auto const label = row_of_label.emplace(labels[i], i).first->second;
    std::size_t const other = person != i && labels[person] != labels[i] ? person : label;
    if (people[other] == people[i] && labels[other] == labels[i]) continue;
    list.fail(i, list.people[i] + " has the label " + std::to_string(labels[i]) + " in " +
                     labels_file + ", but row " + std::to_string(other) + ", " +
                     list.people[other] + ", has " + std::to_string(labels[other]));
  }
}

}  // namespace evaluate
