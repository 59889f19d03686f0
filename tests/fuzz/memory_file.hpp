// SPDX-License-Identifier: Apache-2.0
// A file without a name in any folder, held open for the whole run of a fuzz target.
#pragma once

#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

class memory_file {
 public:
  memory_file() : handle_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    if (handle_ < 0) { std::abort(); }
    path_ = "/proc/self/fd/" + std::to_string(handle_);
  }
  std::string const& path() const { return path_; }
  std::string const& put(unsigned char const* data, std::size_t size) const {
    if (::ftruncate(handle_, 0) != 0) { std::abort(); }
    if (size > 0 && ::pwrite(handle_, data, size, 0) != ssize_t(size)) { std::abort(); }
    return path_;
  }

 private:
  int handle_;
  std::string path_;
};
