// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/report_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "face_kit/run/result_folder.hpp"

namespace face_kit {

namespace {

constexpr char const* report_files[] = {"table.md",   "table.csv",  "runs.csv",   "differences.csv",
                                        "epochs.dat", "losses.dat", "roc.dat",    "plots.gp",
                                        "roc.png",    "roc.svg",    "epochs.png", "epochs.svg",
                                        "losses.png", "losses.svg", "report.html"};

}  // namespace

void expect_result_folder(std::string const& out) {
  namespace fs = std::filesystem;
  std::error_code error;
  auto const type = fs::status(out, error).type();
  if (type == fs::file_type::not_found) return;
  if (type != fs::file_type::none && type != fs::file_type::directory)
    throw std::runtime_error("--out: " + out + ": exists and is not a folder");
  bool empty = true;
  fs::directory_iterator const entries(out, error);
  if (error) throw std::runtime_error("--out: " + out + ": cannot be read: " + error.message());
  for (auto const& entry : entries) {
    auto const name = entry.path().filename().string();
    if (name == result_folder::lock_file) continue;  // of a run that was killed at its start
    bool const report =
        std::find(std::begin(report_files), std::end(report_files), name) != std::end(report_files);
    bool const run =
        entry.is_directory() && (name == "teacher" || name.find("_seed") != std::string::npos);
    if (report || run || name == "undecodable.txt") return;
    empty = false;
  }
  if (!empty)
    throw std::runtime_error("--out: " + out +
                             ": exists and does not contain runs; choose another");
}

void remove_report(std::string const& out) {
  for (auto const* const name : report_files) std::filesystem::remove(out + '/' + name);
}

}  // namespace face_kit
