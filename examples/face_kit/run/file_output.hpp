// SPDX-License-Identifier: Apache-2.0
// Writes files that appear completely or not at all, and removes what killed processes left behind.
#pragma once

#include <coupleface/io/atomic_file.hpp>
#include <coupleface/io/mapped_file.hpp>

#include <string>
#include <vector>

namespace face_kit {

using coupleface::atomic_file;
using coupleface::mapped_file;

/// Writes next to the file, syncs, then renames: a reader sees the old file or the new one.
void write_atomically(std::string const& file, std::string const& bytes);

std::string read_whole_file(std::string const& file);

/// Removes temporary files FILE.<process>.<number>.tmp of processes that no longer run.
void remove_leftovers(std::string const& file);
/// The same for every file of a folder.
void remove_leftovers_in(std::string const& folder);

/// A set of result files that get their names together, when all are complete and on disk.
class staged_files {
 public:
  static constexpr char const* stage = ".new";  ///< suffix until commit()

  staged_files() = default;
  staged_files(staged_files const&) = delete;
  staged_files& operator=(staged_files const&) = delete;
  ~staged_files();

  /// The path to write to for the final `file`.
  std::string add(std::string const& file);
  /// Removes the old files first: a run killed here leaves some or none of the new results, but
  /// never a mixture of old and new.
  void commit();

 private:
  std::vector<std::string> files_;
};

}  // namespace face_kit
