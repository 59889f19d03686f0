// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/report_folder.hpp"

#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "face_kit/run/file_output.hpp"
#include "face_kit/run/output_folder.hpp"
#include "face_kit/run/result_folder.hpp"

namespace face_kit {

namespace {

constexpr char const* report_files[] = {"table.md",   "table.csv",  "runs.csv",   "differences.csv",
                                        "epochs.dat", "losses.dat", "roc.dat",    "plots.gp",
                                        "roc.png",    "roc.svg",    "epochs.png", "epochs.svg",
                                        "losses.png", "losses.svg", "plots.log",  "report.html"};

/// A folder of one run: named as one, and empty or with what a run writes first.
bool is_run(std::filesystem::directory_entry const& entry) {
  auto const name = entry.path().filename().string();
  if (!entry.is_directory() || (name != "teacher" && name.find("_seed") == std::string::npos))
    return false;
  std::error_code error;
  std::filesystem::directory_iterator const files(entry.path(), error);
  if (error) return false;
  bool empty = true;
  for (auto const& file : files) {
    auto const of_run = file.path().filename().string();
    // The first file may still be unfinished, with a longer name.
    if (of_run.rfind("checkpoint.bin", 0) == 0 || of_run.rfind("best.pt", 0) == 0 ||
        of_run == "steps.csv" || of_run == "result.json")
      return true;
    empty = false;
  }
  return empty;
}

}  // namespace

void expect_result_folder(std::string const& out) {
  namespace fs = std::filesystem;
  std::error_code error;
  auto const type = fs::status(out, error).type();
  if (auto const dangling = dangling_link(out); !dangling.empty())
    throw std::runtime_error("--out: " + out + ": " + dangling);
  if (type == fs::file_type::not_found) return;
  if (type != fs::file_type::none && type != fs::file_type::directory)
    throw std::runtime_error("--out: " + out + ": exists and is not a folder");
  bool empty = true;
  fs::directory_iterator const entries(out, error);
  if (error) throw std::runtime_error("--out: " + out + ": cannot be read: " + error.message());
  for (auto const& entry : entries) {
    auto const name = entry.path().filename().string();
    if (name == result_folder::lock_file) continue;  // of a run that was killed at its start
    if (is_run(entry)) return;
    // Other programs write files of the same names as a report, so these prove nothing.
    if (name.rfind("undecodable.txt", 0) != 0)
      empty = false;  // a run that ended before its first step
  }
  if (!empty)
    throw std::runtime_error("--out: " + out +
                             ": exists and does not contain runs; choose another");
}

void remove_report(std::string const& out) {
  remove_leftovers(out + "/undecodable.txt");
  for (auto const* const name : report_files) {
    remove_leftovers(out + '/' + name);
    std::filesystem::remove(out + '/' + name);
  }
}

}  // namespace face_kit
