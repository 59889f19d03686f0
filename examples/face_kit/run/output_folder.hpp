// SPDX-License-Identifier: Apache-2.0
// A folder that appears completely or not at all.
#pragma once

#include <coupleface/io/face_sample.hpp>

#include <string>

namespace face_kit {

/// @throws std::runtime_error  if the name exists, even as a dangling link
void expect_absent(std::string const& path);

class output_folder {
 public:
  /// @param results  a file that identifies a folder of earlier results, which is replaced as a
  /// whole; empty: any existing folder is rejected
  /// @throws std::runtime_error  the folder exists and must not be replaced
  explicit output_folder(std::string path, std::string results = "");
  output_folder(output_folder const&) = delete;
  output_folder& operator=(output_folder const&) = delete;
  ~output_folder();

  /// The check of the constructor and commit(), for use before any work is done.
  static void expect_usable(std::string const& path, std::string const& results = "");

  /// The folder's final name.
  std::string const& name() const { return path_; }
  /// The folder to write to until commit().
  std::string path(std::string const& name) const { return temporary_ + "/" + name; }
  void write(std::string const& name, coupleface::byte_view bytes);
  void write(std::string const& name, std::string const& text);

  /// Syncs all files at once, then renames.
  void commit();

 private:
  std::string path_, results_, temporary_;
};

}  // namespace face_kit
