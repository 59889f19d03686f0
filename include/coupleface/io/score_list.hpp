// SPDX-License-Identifier: Apache-2.0
// coupleface: lists of scores of pairs, computed elsewhere.
//
// CSV with the columns score, same and optionally fold, or lines "score same" separated by tabs,
// commas or blanks. Text as in io/image_list.hpp; a malformed line throws std::runtime_error naming
// file, byte and line. Source: ours.
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/numbers.hpp>
#include <coupleface/detail/io/pair_list.hpp>
#include <coupleface/io/csv_table.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Pair i has the score scores[i], larger = more similar, and shows one person or two.
struct score_list {
  std::vector<double> scores;       ///< [n]; may be NaN or infinite
  std::vector<unsigned char> same;  ///< [n], 0 or 1
  std::vector<index_t> folds;       ///< [n], or empty where the list has none
  std::vector<index_t> lines;       ///< [n] of the list, from 1
};

/// @brief Reads a list of scores.
/// @throws std::runtime_error for a list without pairs, a score that is not a number, a label other
///   than 0 and 1
inline score_list read_score_list(std::string const& path) {
  detail::mapped_file const file(path);
  score_list list;
  auto const add = [&](auto const& lines, index_t line, std::string_view score,
                       std::string_view same) {
    list.scores.push_back(detail::expect_number(lines, score, "the score"));
    list.same.push_back(detail::pair_label(lines, same));
    list.lines.push_back(line);
  };
  if (detail::has_column(file, "same")) {
    csv_table table(path, {"score", "same"});
    bool const folds = table.has("fold");
    while (table.next()) {
      add(table, table.line(), table.text("score"), table.text("same"));
      if (folds) { list.folds.push_back(table.integer("fold")); }
    }
  } else {
    detail::text_lines lines(file);
    for (bool first = true; lines.next(); first = false) {
      if (first && !detail::has_digit(lines.line())) { continue; }  // names of columns
      std::string_view const line = lines.line();
      auto const fields = line.find(',') == std::string_view::npos ? detail::split_at_blanks(line)
                                                                   : detail::split_at_commas(line);
      if (fields.size() != 2) { lines.fail("is not a score and a label"); }
      add(lines, lines.number(), fields[0], fields[1]);
    }
  }
  if (list.same.empty()) { detail::fail_file(path, "has no pairs"); }
  return list;
}

COUPLEFACE_NAMESPACE_END
