// SPDX-License-Identifier: Apache-2.0
// coupleface: the names in a folder, in an order that does not depend on the file system.
#pragma once

#include <coupleface/detail/io/file.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The folder with its '/', or empty for a file in the current folder.
inline std::string folder_of(std::string const& path) {
  auto const slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

inline std::string joined(std::string const& folder, std::string const& path) {
  return !path.empty() && path[0] == '/' ? path : folder + path;
}

/// The names in a folder, each group sorted by bytes.
struct folder_names {
  std::vector<std::string> folders;
  std::vector<std::string> files;
  std::vector<std::string> hidden;  ///< of either kind
};

inline folder_names read_folder(std::string const& folder) {
  folder_names names;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    std::string const name = entries->path().filename().string();
    std::error_code none;  // a dangling link: opening it reports the error
    bool const is_folder = entries->is_directory(none);
    (name[0] == '.' ? names.hidden : is_folder ? names.folders : names.files).push_back(name);
  }
  if (error) { fail_file(folder, "cannot read the folder: " + error.message()); }
  for (auto* const list : {&names.folders, &names.files, &names.hidden}) {
    std::sort(list->begin(), list->end());
  }
  return names;
}

/// Up to `count` bytes from the beginning of a file; none if it is not a regular file.
inline std::vector<unsigned char> first_bytes(std::string const& path, std::size_t count) {
  file_descriptor const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) { fail_system(path, "cannot open", errno); }
  struct stat status;
  if (::fstat(file.get(), &status) != 0) { fail_system(path, "cannot stat", errno); }
  std::vector<unsigned char> bytes(S_ISREG(status.st_mode) ? count : 0);
  std::size_t size = 0;
  while (size < bytes.size()) {
    ssize_t const read = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (read < 0 && errno == EINTR) { continue; }
    if (read < 0) { fail_system(path, size, "cannot read", errno); }
    if (read == 0) { break; }
    size += static_cast<std::size_t>(read);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
