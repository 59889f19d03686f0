// SPDX-License-Identifier: Apache-2.0
// Files that appear whole or not at all, and what a killed process leaves of them.
#pragma once

#include <coupleface/io/atomic_file.hpp>
#include <coupleface/io/mapped_file.hpp>

#include <string>
#include <vector>

namespace face_kit {

using coupleface::atomic_file;
using coupleface::mapped_file;

/// Writes beside the file, syncs, then renames: a reader sees the old file or the new one.
void write_atomically(std::string const& file, std::string const& bytes);

std::string read_whole_file(std::string const& file);

/// Removes temporary files FILE.<process>.<number>.tmp of processes that no longer run.
void remove_leftovers(std::string const& file);

/// Results that take their names together, when all are whole and on the disk.
class staged_files {
 public:
  static constexpr char const* stage = ".new";  ///< suffix until then

  staged_files() = default;
  staged_files(staged_files const&) = delete;
  staged_files& operator=(staged_files const&) = delete;
  ~staged_files();

  /// Where to write what will be `file`.
  std::string add(std::string const& file);
  /// Removes the old files first: a run that is killed here leaves some of the results or none,
  /// never old ones beside new ones.
  void commit();

 private:
  std::vector<std::string> files_;
};

}  // namespace face_kit
