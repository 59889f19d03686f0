// SPDX-License-Identifier: Apache-2.0
// Shows the progress of a long run and the time that remains.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace face_kit {

class stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Where and how often to show progress.
struct progress_output {
  std::FILE* file = stderr;
  bool terminal = false;
  double seconds = 30;  ///< between lines; on a terminal between updates of the one line

  static progress_output standard_error();
};

/// @brief On a terminal, one line that is redrawn and removed at the end; elsewhere a plain line at
/// least every minute, unless a step takes longer. Nothing with --quiet.
class progress {
 public:
  /// @param done  units of `total` that are done when the run starts
  progress(std::string label, std::string unit, std::int64_t done, std::int64_t total,
           progress_output output = progress_output::standard_error());
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;
  ~progress();

  /// Call it after every step.
  void show(std::int64_t done, std::string const& text = "");
  /// Prints a line that stays, also on a terminal.
  void keep(std::int64_t done, std::string const& text);

 private:
  std::string line(std::int64_t done, std::string const& text) const;

  std::string label_, unit_;
  std::int64_t start_, total_;
  progress_output output_;
  stopwatch watch_;
  double shown_ = 0;
  bool drawn_ = false;
};

}  // namespace face_kit
