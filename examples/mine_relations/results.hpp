// SPDX-License-Identifier: Apache-2.0
// Writes the results of a run: the two tables and the optional outputs. All files get their names
// at the end, when all are complete, so that an error keeps the previous ones.
#pragma once

#include <coupleface/io/atomic_file.hpp>
#include <coupleface/io/npy.hpp>
#include <coupleface/mining/near_duplicates.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "face_kit/report/csv_writer.hpp"
#include "face_kit/run/file_output.hpp"
#include "search.hpp"

namespace mine_relations {

inline std::vector<std::string> outputs_of(arguments const& a) {
  std::vector<std::string> files{a.neighbours, a.values, a.checkpoint};
  for (std::string const* more : {&a.prototypes_out, &a.merge_list})
    if (!more->empty()) files.push_back(*more);
  return files;
}

/// Checks before the long search that no file would overwrite another, and that all are writable.
inline void expect_usable_outputs(arguments const& a) {
  auto const same_place = [](std::string const& file) {
    std::error_code error;  // of a pipe's name, such as /dev/fd/63
    auto const absolute = std::filesystem::absolute(file, error);
    auto const place = std::filesystem::weakly_canonical(absolute, error);
    return error ? absolute : place;
  };
  std::vector<std::string> others{a.embeddings};
  if (!a.labels.empty()) others.push_back(a.labels);
  for (std::string const& output : outputs_of(a)) {
    for (std::string const& other : others) {
      if (same_place(output) == same_place(other))
        throw usage_error(output + ": is used for two files and would be overwritten");
    }
    others.push_back(output);
    remove_leftovers(output);
    remove_leftovers(output + staged_files::stage);
    atomic_file const trial(output);
  }
}

/// The number of classes if the listed ones are merged.
struct merge_summary {
  std::size_t pairs = 0, truncated = 0;
  index_t classes_left = 0;
};

inline merge_summary write_merge_list(std::string const& file, relation_table& table,
                                      double threshold) {
  auto const found = coupleface::near_duplicates(thrust::omp::par, table.values_view(),
                                                 table.neighbours_view(), threshold);
  csv_writer list({"class_a", "class_b", "similarity"}, {9, "nan"});
  for (auto const& pair : found.pairs) list.row(pair.first, pair.second, double(pair.similarity));
  list.write(file);
  merge_summary merged{found.pairs.size(), found.truncated.size(), 0};
  for (index_t c = 0; c < table.classes; ++c)
    merged.classes_left += found.representatives[static_cast<std::size_t>(c)] == c;
  merged.classes_left -= table.classes - table.mined;
  return merged;
}

/// The row of every class, from the rows of the classes that are present; zero for the others.
inline std::vector<float> spread_rows(relation_table const& table, matrix_view<float const> rows) {
  index_t const width = rows.extent(1);
  expect_memory("--prototypes-out", table.classes, width, sizeof(float));
  std::vector<float> result(static_cast<std::size_t>(table.classes * width));
  for (std::size_t p = 0; p < table.present.size(); ++p) {
    auto const* const row = rows.row(static_cast<index_t>(p));
    std::copy(row, row + width, result.data() + table.present[p] * width);
  }
  return result;
}

/// @param prototypes the mined rows, if they are to be written
inline merge_summary write_results(arguments const& a, relation_table& table,
                                   matrix_view<float const> prototypes) {
  staged_files staged;
  coupleface::write_npy(staged.add(a.neighbours), table.neighbours_view());
  coupleface::write_npy(staged.add(a.values), table.values_view());
  if (!a.prototypes_out.empty()) {
    bool const gaps = table.mined < table.classes;
    auto const all = gaps ? spread_rows(table, prototypes) : std::vector<float>{};
    if (gaps) prototypes = {all.data(), table.classes, prototypes.extent(1)};
    coupleface::write_npy(staged.add(a.prototypes_out), prototypes);
  }
  merge_summary merged;
  if (!a.merge_list.empty())
    merged = write_merge_list(staged.add(a.merge_list), table, a.merge_threshold.value());
  staged.commit();
  std::filesystem::remove(a.checkpoint);
  return merged;
}

}  // namespace mine_relations
