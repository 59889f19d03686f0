// SPDX-License-Identifier: Apache-2.0
// coupleface: a read-only memory map of a file, host side; documented in io/mapped_file.hpp.
#pragma once

#include <coupleface/detail/io/file.hpp>

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

class mapped_file {
 public:
  explicit mapped_file(std::string path) : path_(std::move(path)) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    file_descriptor const file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) { fail_system(path_, "cannot open", errno); }
    struct stat status;
    if (::fstat(file.get(), &status) != 0) { fail_system(path_, "cannot stat", errno); }
    if (S_ISDIR(status.st_mode)) { fail_file(path_, "is a folder, not a regular file"); }
    if (!S_ISREG(status.st_mode)) {
      fail_file(path_, "is not a regular file: save what the pipe or device yields to one");
    }
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ == 0) { return; }
    void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (data == MAP_FAILED) { fail_system(path_, "cannot map", errno); }
    data_ = static_cast<unsigned char const*>(data);
  }
  mapped_file(mapped_file const&) = delete;
  mapped_file& operator=(mapped_file const&) = delete;
  ~mapped_file() {
    if (size_ > 0) { ::munmap(const_cast<unsigned char*>(data_), size_); }
  }

  std::string const& path() const { return path_; }
  unsigned char const* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::string path_;
  unsigned char const* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
