// SPDX-License-Identifier: Apache-2.0
// coupleface: the lists of IJB-B and IJB-C: images of each template, pairs of templates to compare,
// landmarks of images.
//
// Text as in io/image_list.hpp; a malformed line throws std::runtime_error naming file, byte and
// line.
// Source: ours (layouts: insightface, ijb*_face_tid_mid.txt, ijb*_template_pair_label.txt and
// ijb*_name_5pts_score.txt; the CSV tables of the benchmarks themselves, whose columns are named by
// the caller).
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/numbers.hpp>
#include <coupleface/io/csv_table.hpp>

#include <array>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Row i: image i belongs to template template_ids[i], and in it to medium media_ids[i] (all
/// frames of a video have the same).
struct template_list {
  std::vector<std::string> files;     ///< [n]
  std::vector<index_t> template_ids;  ///< [n]
  std::vector<index_t> media_ids;     ///< [n]
  std::vector<index_t> lines;         ///< [n] of the file, from 1 on
};

/// The columns of a table of templates.
struct template_columns {
  std::string file = "FILENAME";
  std::string template_id = "TEMPLATE_ID";
  std::string media_id = "MEDIA_ID";
};

/// @brief Reads lines "file template_id media_id", separated by blanks; the file is everything
/// before the last two fields.
/// @throws std::runtime_error for fewer fields or ids that are not integers
inline template_list read_template_list(std::string const& path) {
  template_list list;
  detail::mapped_file const file(path);
  detail::text_lines lines(file);
  while (lines.next()) {
    auto const fields = detail::split_at_blanks(lines.line());
    if (fields.size() < 3) { lines.fail("is not a file, a template id and a media id"); }
    auto const ids = fields.end() - 2;
    auto const* const begin = fields[0].data();
    auto const& last = fields[fields.size() - 3];
    list.files.emplace_back(begin, last.data() + last.size());
    list.lines.push_back(lines.number());
    list.template_ids.push_back(detail::expect_integer(lines, ids[0], "a template id"));
    list.media_ids.push_back(detail::expect_integer(lines, ids[1], "a media id"));
  }
  return list;
}

/// @brief The same from a CSV table with a header; fields may be quoted.
/// @throws std::runtime_error for missing columns, lines with another number of fields, ids that
///   are not integers
inline template_list read_template_table(std::string const& path,
                                         template_columns const& columns = {}) {
  template_list list;
  csv_table table(path, {columns.file, columns.template_id, columns.media_id});
  while (table.next()) {
    list.files.push_back(table.text(columns.file));
    list.lines.push_back(table.line());
    list.template_ids.push_back(table.integer(columns.template_id));
    list.media_ids.push_back(table.integer(columns.media_id));
  }
  return list;
}

/// @brief Image i with its five landmarks and the detector's score.
struct landmark_list {
  std::vector<std::string> files;                ///< [n]
  std::vector<std::array<float, 10>> landmarks;  ///< [n] x and y of each
  std::vector<float> scores;                     ///< [n]
};

/// @brief Reads lines "file x y x y x y x y x y score", separated by blanks.
/// @throws std::runtime_error for fewer fields or fields that are not finite numbers
inline landmark_list read_landmark_list(std::string const& path) {
  landmark_list list;
  detail::mapped_file const file(path);
  detail::text_lines lines(file);
  while (lines.next()) {
    auto const fields = detail::split_at_blanks(lines.line());
    if (fields.size() < 12) { lines.fail("is not a file, ten landmark numbers and a score"); }
    auto const numbers = fields.end() - 11;
    auto const& last = fields[fields.size() - 12];
    list.files.emplace_back(fields[0].data(), last.data() + last.size());
    std::array<float, 10> points{};
    for (std::size_t k = 0; k < points.size(); ++k) {
      points[k] = detail::expect_float(lines, numbers[std::ptrdiff_t(k)], "a landmark");
    }
    list.landmarks.push_back(points);
    list.scores.push_back(detail::expect_float(lines, numbers[10], "the score"));
  }
  return list;
}

/// @brief Comparison i: templates first[i] and second[i], of one person or of two.
struct template_pairs {
  std::vector<index_t> first;       ///< [n], template ids
  std::vector<index_t> second;      ///< [n]
  std::vector<unsigned char> same;  ///< [n], 0 or 1
};

/// @brief Reads lines "template template same" separated by blanks or commas. A first line without
/// a digit is a header and is skipped.
/// @throws std::runtime_error for other numbers of fields, ids that are not integers, and labels
///   other than 0 and 1
inline template_pairs read_template_pairs(std::string const& path) {
  template_pairs pairs;
  detail::mapped_file const file(path);
  detail::text_lines lines(file);
  for (bool first = true; lines.next(); first = false) {
    std::string_view const line = lines.line();
    if (first && line.find_first_of("0123456789") == std::string_view::npos) { continue; }
    auto const fields = line.find(',') == std::string_view::npos ? detail::split_at_blanks(line)
                                                                 : detail::split_at_commas(line);
    if (fields.size() != 3) { lines.fail("is not two templates and a label"); }
    index_t const same = detail::expect_integer(lines, fields[2], "the label");
    if (same != 0 && same != 1) { lines.fail("has a label other than 0 and 1"); }
    pairs.first.push_back(detail::expect_integer(lines, fields[0], "a template id"));
    pairs.second.push_back(detail::expect_integer(lines, fields[1], "a template id"));
    pairs.same.push_back(static_cast<unsigned char>(same));
  }
  return pairs;
}

COUPLEFACE_NAMESPACE_END
