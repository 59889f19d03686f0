// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/report_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <stdexcept>

namespace face_kit {

namespace {

constexpr char const* report_files[] = {"table.md",   "table.csv",  "runs.csv",   "differences.csv",
                                        "epochs.dat", "losses.dat", "roc.dat",    "plots.gp",
                                        "roc.png",    "roc.svg",    "epochs.png", "epochs.svg",
                                        "losses.png", "losses.svg", "report.html"};

}  // namespace

void expect_result_folder(std::string const& out) {
  namespace fs = std::filesystem;
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out)) throw std::runtime_error(out + ": exists and is not a folder");
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
    throw std::runtime_error(out + ": exists and does not contain runs; choose another --out");
}

void remove_report(std::string const& out) {
  for (auto const* const name : report_files) std::filesystem::remove(out + '/' + name);
}

}  // namespace face_kit
