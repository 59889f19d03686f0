// SPDX-License-Identifier: Apache-2.0
// The files of a training run besides the checkpoint: the log of its steps, and the result, which
// keeps a finished run from being repeated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "face_kit/report/csv_writer.hpp"
#include "face_kit/report/verification_run.hpp"

namespace face_kit {

/// @brief steps.csv: collected in memory and appended before each checkpoint, which stores the
/// file's size.
class step_log {
 public:
  explicit step_log(std::string folder) : folder_(std::move(folder)) {}

  /// Removes the file and starts it with these columns.
  void begin(std::vector<std::string> const& columns);
  /// NaN (a term that this method does not have) is an empty cell.
  void add(int epoch, std::int64_t step, std::vector<double> const& values);
  /// Appends the rows added so far. @returns the size of the file
  std::uint64_t flush();
  /// Truncates to the size stored in the checkpoint: later rows will be written again.
  /// @throws std::runtime_error  if the file is shorter
  void cut(std::uint64_t size);

 private:
  std::string file() const { return folder_ + "/steps.csv"; }

  std::string folder_;
  csv_writer rows_{csv_style{9, ""}};
  std::uint64_t size_ = 0;
};

/// @brief Writes result.json, scores.npy and, with masks, masked_scores.npy: everything that the
/// report needs from a finished run.
void write_result(run_record const& record, std::string const& settings);

bool has_result(std::string const& folder);

/// @brief Reads the result of a run into a record whose `directory` is set.
/// @throws std::runtime_error  other settings, damage, or another number of scores than pairs
void read_result(run_record& record, std::string const& settings,
                 std::vector<verification_pair> const& pairs);

}  // namespace face_kit
