// SPDX-License-Identifier: Apache-2.0
// A folder that appears whole or not at all.
#pragma once

#include <coupleface/io/face_sample.hpp>

#include <string>

namespace face_kit {

/// @throws std::runtime_error  something of this name exists, a broken link included
void expect_absent(std::string const& path);

class output_folder {
 public:
  /// @param results  a file that marks a folder of earlier results, which is replaced as a whole;
  /// empty: whatever exists is refused
  /// @throws std::runtime_error  the folder exists and is not to be replaced
  explicit output_folder(std::string path, std::string results = "");
  output_folder(output_folder const&) = delete;
  output_folder& operator=(output_folder const&) = delete;
  ~output_folder();

  /// What the constructor and commit() refuse, before any work is done.
  static void expect_usable(std::string const& path, std::string const& results = "");

  /// The name that the folder gets.
  std::string const& name() const { return path_; }
  /// Where to write until commit().
  std::string path(std::string const& name) const { return temporary_ + "/" + name; }
  void write(std::string const& name, coupleface::byte_view bytes);
  void write(std::string const& name, std::string const& text);

  /// Syncs all files at once, then renames.
  void commit();

 private:
  std::string path_, results_, temporary_;
};

}  // namespace face_kit
