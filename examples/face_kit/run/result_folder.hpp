// SPDX-License-Identifier: Apache-2.0
// The folder that a trainer writes its results to, for one process at a time.
#pragma once

#include <string>

namespace face_kit {

/// @brief Creates a folder and keeps other runs out of it while this object lives.
///
/// The lock is flock() on the file `.lock` in the folder. The system releases it when the process
/// ends, however it ends. Other runs are recognised under any name of the folder. If the file
/// system has no locks, a warning says so and the run goes on.
class result_folder {
 public:
  /// The file that is locked. It is removed at the end; if a killed run left it, that does no harm.
  static constexpr char const* lock_file = ".lock";

  /// @throws std::runtime_error  naming --out, the folder and the reason: it cannot be created or
  /// written, or another run uses it
  explicit result_folder(std::string path);
  result_folder(result_folder const&) = delete;
  result_folder& operator=(result_folder const&) = delete;
  /// Also removes the folder if it is empty.
  ~result_folder();

 private:
  [[noreturn]] void fail(std::string const& reason) const;
  bool try_to_lock();
  std::string file() const { return path_ + '/' + lock_file; }

  std::string path_;
  bool created_ = false;
  int descriptor_ = -1;
};

}  // namespace face_kit
