// SPDX-License-Identifier: Apache-2.0
// A folder that appears completely or not at all.
#pragma once

#include <coupleface/io/face_sample.hpp>

#include <functional>
#include <string>
#include <vector>

namespace face_kit {

/// A path without "." and without more slashes than needed: "a/b" for "a//./b/.". Links decide what
/// ".." is, so it stays.
std::string plain_path(std::string const& path);

/// "is a symbolic link to X, which does not exist", or empty if that is not so.
std::string dangling_link(std::string const& path);

/// @throws std::runtime_error  if the name exists, even as a dangling link
void expect_absent(std::string const& path);

/// Throws unless the folder, which exists, may be replaced.
using folder_check = std::function<void(std::string const& folder)>;

/// @brief A check that accepts an empty folder, and one with `results` and no file but `files`.
/// @param files  the names that a program writes; anything else in the folder stands in the way
/// @param is_own  whether the file `results` of the folder was written by this program
folder_check earlier_results(std::string results, std::vector<std::string> files,
                             std::function<bool(std::string const& file)> is_own);

class output_folder {
 public:
  /// @param replaceable  decides about an existing folder, which is replaced as a whole; empty: any
  /// existing folder is rejected
  /// @throws std::runtime_error  the folder exists and must not be replaced, or cannot be created
  explicit output_folder(std::string const& path, folder_check replaceable = {});
  output_folder(output_folder const&) = delete;
  output_folder& operator=(output_folder const&) = delete;
  ~output_folder();

  /// The check of the constructor and commit(), for use before any work is done.
  static void expect_usable(std::string const& path, folder_check const& replaceable = {});

  /// The folder's final name.
  std::string const& name() const { return path_; }
  /// The folder to write to until commit().
  std::string path(std::string const& name) const { return temporary_ + "/" + name; }
  void write(std::string const& name, coupleface::byte_view bytes);
  void write(std::string const& name, std::string const& text);

  /// Syncs all files at once, then renames.
  void commit();

 private:
  std::string path_;
  folder_check replaceable_;
  std::string temporary_;
};

}  // namespace face_kit
