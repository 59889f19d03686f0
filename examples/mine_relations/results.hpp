// What a run leaves: the two tables and what else was asked for. All files take their names at the
// end, when all are written, so that an error leaves what was there.
#pragma once

#include <coupleface/io/atomic_file.hpp>
#include <coupleface/io/npy.hpp>
#include <coupleface/mining/near_duplicates.hpp>

#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "arguments.hpp"
#include "search.hpp"

namespace mine_relations {

inline std::vector<std::string> outputs_of(arguments const& a) {
  std::vector<std::string> files{a.neighbours, a.values, a.checkpoint};
  for (std::string const* more : {&a.prototypes_out, &a.merge_list})
    if (!more->empty()) files.push_back(*more);
  return files;
}

/// Results that take their names together, when all are whole and on the disk.
class staged_files {
 public:
  static constexpr char const* stage = ".new";  ///< behind the name until then

  staged_files() = default;
  staged_files(staged_files const&) = delete;
  staged_files& operator=(staged_files const&) = delete;
  ~staged_files() {
    std::error_code ignored;
    for (std::string const& file : files_) std::filesystem::remove(file + stage, ignored);
  }
  /// Where to write what will be `file`.
  std::string add(std::string const& file) {
    files_.push_back(file);
    return file + stage;
  }
  /// The old ones go first: a run that is killed here leaves some of the results or none, never old
  /// beside new ones.
  void commit() {
    for (std::string const& file : files_) std::filesystem::remove(file);
    for (std::string const& file : files_) std::filesystem::rename(file + stage, file);
    for (std::string const& file : files_) coupleface::detail::sync_folder_of(file);
    files_.clear();
  }

 private:
  std::vector<std::string> files_;
};

/// Of a run that was killed while it wrote: FILE.<process>.<number>.tmp of a process that is gone.
inline void remove_leftovers(std::string const& file) {
  namespace fs = std::filesystem;
  fs::path const path(file);
  std::string const begin = path.filename().string() + '.', end = ".tmp";
  std::error_code ignored;  // they are in nobody's way
  fs::path const folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  for (fs::directory_iterator entry(folder, ignored), last; entry != last;
       entry.increment(ignored)) {
    std::string const name = entry->path().filename().string();
    if (name.size() <= begin.size() + end.size() || name.compare(0, begin.size(), begin) != 0 ||
        name.compare(name.size() - end.size(), end.size(), end) != 0) {
      continue;
    }
    std::string const numbers = name.substr(begin.size(), name.size() - begin.size() - end.size());
    char* rest = nullptr;
    long const process = std::strtol(numbers.c_str(), &rest, 10);
    if (process > 0 && *rest == '.' && ::kill(static_cast<pid_t>(process), 0) != 0 &&
        errno == ESRCH) {
      fs::remove(entry->path(), ignored);
    }
  }
}

/// Before hours are spent: that no file would be written over another, and that all can be written.
inline void expect_usable_outputs(arguments const& a) {
  auto const same_place = [](std::string const& file) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(file));
  };
  std::vector<std::string> others{a.embeddings};
  if (!a.labels.empty()) others.push_back(a.labels);
  for (std::string const& output : outputs_of(a)) {
    for (std::string const& other : others) {
      if (same_place(output) == same_place(other))
        throw std::invalid_argument(output + ": is named twice, and would be written over");
    }
    others.push_back(output);
    remove_leftovers(output);
    remove_leftovers(output + staged_files::stage);
    coupleface::atomic_file const trial(output);
  }
}

/// What becomes of the classes if the listed ones are merged.
struct merge_summary {
  std::size_t pairs = 0, truncated = 0;
  index_t classes_left = 0;
};

inline merge_summary write_merge_list(std::string const& file, relation_table& table,
                                      double threshold) {
  auto const found = coupleface::near_duplicates(thrust::omp::par, table.values_view(),
                                                 table.neighbours_view(), threshold);
  coupleface::atomic_file list(file);
  list.write("class_a,class_b,similarity\n");
  for (auto const& pair : found.pairs) {
    char text[96];
    int const size =
        std::snprintf(text, sizeof text, "%lld,%lld,%.9g\n", static_cast<long long>(pair.first),
                      static_cast<long long>(pair.second), pair.similarity);
    list.write(text, static_cast<std::size_t>(size));
  }
  list.commit();
  merge_summary merged{found.pairs.size(), found.truncated.size(), 0};
  for (index_t c = 0; c < table.classes; ++c)
    merged.classes_left += found.representatives[static_cast<std::size_t>(c)] == c;
  merged.classes_left -= table.classes - table.mined;
  return merged;
}

/// The row of every class, from those of the classes that somebody is in; zero for the others.
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

/// @param prototypes the rows that were mined, where they are to be written
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
