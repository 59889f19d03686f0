// SPDX-License-Identifier: Apache-2.0
// coupleface: lists of verification pairs in the common forms, and the rows that they name.
//
//   table   CSV with the columns a, b, same and optionally fold
//   lines   "a b same": tabs, commas or blanks between; a first line without a digit is a header.
//           IJB's *_template_pair_label.txt is one, its a and b being numbers of templates
//   lfw     LFW's pairs.txt: "name 1 2" is NAME_0001 and NAME_0002 of one person, "name 1 other 2"
//           a pair of two; before them "10 300" (ten folds of 300 and 300), "300" or nothing
//   pack    InsightFace's .bin: images 2 p and 2 p + 1 are pair p; ten folds in their order
//
// The content decides which form it is. Text as in io/image_list.hpp. A file in none of these
// forms, and a pair that contradicts itself, throws std::runtime_error naming file, byte and line.
// Source: ours (layouts: LFW's README; insightface, lfw2pack.py and eval_ijbc.py).
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/pair_list.hpp>
#include <coupleface/detail/io/row_names.hpp>
#include <coupleface/error.hpp>
#include <coupleface/io/csv_table.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Pair i: first[i] and second[i], indices into `names`, of one person or of two.
struct pair_list {
  std::string path;  ///< of the list
  pair_list_form form = pair_list_form::lines;
  std::vector<std::string> names;  ///< each once: paths, or numbers of rows or templates; of lfw
                                   ///< "NAME/NAME_0001". Empty for a pack: places are images
  std::vector<index_t> first, second;  ///< [n]
  std::vector<unsigned char> same;     ///< [n], 0 or 1
  std::vector<index_t> folds;          ///< [n], or empty where the list has none
  std::vector<index_t> lines;          ///< [n] from 1 on; empty for a pack

  index_t size() const { return static_cast<index_t>(same.size()); }

  /// @brief Throws for pair i: std::runtime_error naming file, line (or pair of a pack) and reason.
  [[noreturn]] void fail(index_t i, std::string const& reason) const {
    bool const pack = lines.empty();
    throw std::runtime_error("coupleface: " + path + ": " + (pack ? "pair " : "line ") +
                             std::to_string(pack ? i : lines[static_cast<std::size_t>(i)]) + ": " +
                             reason);
  }
};

/// @brief Reads a list of pairs.
/// @throws std::runtime_error for a list that has no pairs, a line of another form, a label other
///   than 0 and 1, an image paired with itself, an LFW pair of two people with one name, and a
///   count that differs from LFW's header
/// @complexity O(bytes); memory 25 bytes a pair (33 with folds), and each name twice
inline pair_list read_pair_list(std::string const& path) {
  detail::mapped_file const file(path);
  pair_list list;
  list.path = path;
  list.form = detail::form_of_pairs(file);
  switch (list.form) {
    case pair_list_form::table:
      detail::read_pair_table(csv_table(path, {"a", "b", "same"}), list);
      break;
    case pair_list_form::lines:
      detail::read_pair_lines(file, list);
      break;
    case pair_list_form::lfw:
      detail::read_lfw_pairs(file, list);
      break;
    case pair_list_form::pack:
      detail::read_pack_pairs(file, list);
      break;
  }
  if (list.size() == 0) { detail::fail_file(path, "has no pairs"); }
  return list;
}

/// @brief Replaces names by rows: first and second become rows, and `names` becomes empty.
///
/// A name means the row with that name. If no row has a number as its name, a number is a row index
/// from 0. LFW's names match with any file ending and in any folder; if several images are called
/// NAME_0001, the one in a folder NAME is used. The rows of a pack are its images.
/// @param rows their number
/// @param row_names [rows] their names, as in their list; empty: rows have no names
/// @throws std::runtime_error, naming the line, for a name of no row or of several rows; for two
///   names of one row; for a pack whose number of images is not `rows`; std::invalid_argument if
///   the number of names is not `rows`
inline void find_rows(pair_list& list, index_t rows, std::vector<std::string> const& row_names) {
  detail::expect(row_names.empty() || index_t(row_names.size()) == rows, "find_rows",
                 "there are not as many names as rows");
  if (list.form == pair_list_form::pack) {
    if (2 * list.size() != rows) {
      detail::fail_file(list.path, "has " + std::to_string(2 * list.size()) + " images for " +
                                       std::to_string(rows) + " rows");
    }
    return;
  }
  detail::row_names index(rows, row_names);
  std::vector<index_t> row_of;
  for (std::string const& name : list.names) {
    row_of.push_back(list.form == pair_list_form::lfw ? index.find_lfw(name) : index.find(name));
  }
  for (std::size_t i = 0; i < list.same.size(); ++i) {
    for (index_t* const place : {&list.first[i], &list.second[i]}) {
      auto const name = static_cast<std::size_t>(*place);
      if (row_of[name] < 0) {
        list.fail(index_t(i),
                  detail::no_row_reason(list.names[name], row_of[name], rows, row_names));
      }
      *place = row_of[name];
    }
    if (list.first[i] == list.second[i]) { list.fail(index_t(i), "pairs a row with itself"); }
  }
  list.names.clear();
}

/// @brief Throws if a list whose rows were found contradicts the rows' labels: one person with two
/// labels, or two people with one label.
/// @param labels [rows]; a negative one means an unknown person and contradicts nothing
/// @throws std::runtime_error naming the line
/// @pre the rows of the list are below labels.size()
template <class L>
void expect_pairs_agree(pair_list const& list, std::vector<L> const& labels) {
  for (index_t i = 0; i < list.size(); ++i) {
    auto const at = static_cast<std::size_t>(i);
    auto const a = labels.at(static_cast<std::size_t>(list.first[at]));
    auto const b = labels.at(static_cast<std::size_t>(list.second[at]));
    if (a < 0 || b < 0 || (a == b) == (list.same[at] != 0)) { continue; }
    list.fail(i, std::string("same is ") + (list.same[at] != 0 ? "1" : "0") + ", but the rows " +
                     std::to_string(list.first[at]) + " and " + std::to_string(list.second[at]) +
                     " have the labels " + std::to_string(a) + " and " + std::to_string(b));
  }
}

/// @brief Calls all three: reads a list, finds its rows by name and checks it against the labels.
/// @param row_names, labels [rows]
/// @throws as read_pair_list, find_rows and expect_pairs_agree
template <class L>
pair_list read_row_pairs(std::string const& path, std::vector<std::string> const& row_names,
                         std::vector<L> const& labels) {
  pair_list list = read_pair_list(path);
  find_rows(list, static_cast<index_t>(labels.size()), row_names);
  expect_pairs_agree(list, labels);
  return list;
}

COUPLEFACE_NAMESPACE_END
