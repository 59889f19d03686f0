// The folder of results: whose it is, and what of an earlier report lies there.
#pragma once

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <stdexcept>
#include <string>

namespace train_student {

inline constexpr char const* report_files[] = {
    "table.md", "table.csv", "runs.csv", "differences.csv", "epochs.dat", "roc.dat",
    "plots.gp", "roc.png",   "roc.svg",  "epochs.png",      "epochs.svg"};

/// @brief Runs continue where they are, so a folder of runs may exist; any other may not.
/// @throws std::runtime_error  a file, or a folder that holds things but neither runs nor a report
inline void expect_result_folder(std::string const& out) {
  namespace fs = std::filesystem;
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out)) throw std::runtime_error(out + ": exists and is no folder");
  bool empty = true;
  for (auto const& entry : fs::directory_iterator(out)) {
    auto const name = entry.path().filename().string();
    bool const report =
        std::find(std::begin(report_files), std::end(report_files), name) != std::end(report_files);
    bool const run =
        entry.is_directory() && (name == "teacher" || name.find("_seed") != std::string::npos);
    if (report || run || name == "undecodable.txt") return;
    empty = false;
  }
  if (!empty)
    throw std::runtime_error(out + ": exists, and what it holds are no runs; choose another --out");
}

/// Removes an earlier report, so that one that is written now never lies beside parts of it.
inline void remove_report(std::string const& out) {
  for (auto const* const name : report_files) std::filesystem::remove(out + '/' + name);
}

}  // namespace train_student
