// SPDX-License-Identifier: Apache-2.0
// coupleface: tables of pairs of image files, each of one person or of two.
//
// A CSV table with a header, text as in io/image_list.hpp. It has the same interface as
// verification_pack. A malformed line throws std::runtime_error naming file, byte and line. Source:
// ours.
#pragma once

#include <coupleface/detail/io/image_folder.hpp>
#include <coupleface/detail/io/list_lines.hpp>
#include <coupleface/error.hpp>
#include <coupleface/io/csv_table.hpp>
#include <coupleface/io/face_sample.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Image files 2 p and 2 p + 1 are pair p. Everything const may be called from several
/// threads at once.
struct image_pairs {
  std::string folder;                ///< base of relative paths; empty or ending in '/'
  std::vector<std::string> paths;    ///< [2 n], as the table has them
  std::vector<unsigned char> flags;  ///< [n], 1: one person
  std::string file;                  ///< the table
  std::vector<index_t> lines;        ///< [2 n], of each image, from 1

  index_t pairs() const { return static_cast<index_t>(flags.size()); }
  index_t size() const { return static_cast<index_t>(paths.size()); }

  /// @throws std::invalid_argument unless 0 <= pair < pairs()
  bool same(index_t pair) const {
    detail::expect(pair >= 0 && pair < pairs(), "image_pairs::same", "there is no such pair");
    return flags[static_cast<std::size_t>(pair)] != 0;
  }

  /// @brief Image i, its file mapped; the label is same(i / 2).
  /// @throws std::invalid_argument unless 0 <= i < size(), std::runtime_error naming table, line
  ///   and file if that cannot be mapped
  face_sample sample(index_t i) const {
    detail::expect(i >= 0 && i < size(), "image_pairs::sample", "there is no such image");
    auto const at = static_cast<std::size_t>(i);
    auto const image = detail::open_listed(detail::joined(folder, paths[at]), file, lines, at);
    return {{image->data(), static_cast<index_t>(image->size())}, same(i / 2) ? 1 : 0, image};
  }
};

/// The columns of a table of pairs.
struct pair_columns {
  std::string a = "a";
  std::string b = "b";
  std::string same = "same";
};

/// @throws std::runtime_error for missing columns, lines with another number of fields, empty
///   paths, an image paired with itself, and labels other than 0 and 1
inline image_pairs read_image_pairs(std::string const& path, pair_columns const& columns = {}) {
  image_pairs pairs;
  pairs.folder = detail::folder_of(path);
  pairs.file = path;
  csv_table table(path, {columns.a, columns.b, columns.same});
  while (table.next()) {
    for (std::string const& column : {columns.a, columns.b}) {
      pairs.paths.push_back(table.text(column));
      pairs.lines.push_back(table.line());
      if (pairs.paths.back().empty()) { table.fail("has no path"); }
    }
    if (table.text(columns.a) == table.text(columns.b)) {
      table.fail("pairs " + detail::in_quotes(table.text(columns.a)) + " with itself");
    }
    std::string const& same = table.text(columns.same);
    if (same != "0" && same != "1") { table.fail("has a label other than 0 and 1"); }
    pairs.flags.push_back(same == "1" ? 1 : 0);
  }
  return pairs;
}

COUPLEFACE_NAMESPACE_END
