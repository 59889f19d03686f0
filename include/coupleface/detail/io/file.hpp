// SPDX-License-Identifier: Apache-2.0
// coupleface: shared by file reading and writing: errors, and a file descriptor that closes itself.
#pragma once

#include <coupleface/config.hpp>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

#include <unistd.h>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// For a file as a whole.
[[noreturn]] inline void fail_file(std::string const& path, std::string const& reason) {
  throw std::runtime_error("coupleface: " + path + ": " + reason);
}

/// For a byte of the file.
[[noreturn]] inline void fail_file(std::string const& path, std::uint64_t offset,
                                   std::string const& reason) {
  throw std::runtime_error("coupleface: " + path + ": at byte " + std::to_string(offset) + ": " +
                           reason);
}

/// Reports `reason` and the system's message for `error`, an errno.
[[noreturn]] inline void fail_system(std::string const& path, std::string const& reason,
                                     int error) {
  fail_file(path, reason + ": " + std::generic_category().message(error));
}
[[noreturn]] inline void fail_system(std::string const& path, std::uint64_t offset,
                                     std::string const& reason, int error) {
  fail_file(path, offset, reason + ": " + std::generic_category().message(error));
}

/// @brief Owns a file descriptor and closes it.
class file_descriptor {
 public:
  explicit file_descriptor(int handle) : handle_(handle) {}
  file_descriptor(file_descriptor const&) = delete;
  file_descriptor& operator=(file_descriptor const&) = delete;
  ~file_descriptor() {
    if (handle_ >= 0) { ::close(handle_); }
  }
  int get() const { return handle_; }
  /// 0, or the error that close() reported.
  int close() {
    int const result = ::close(handle_);
    handle_ = -1;
    return result == 0 ? 0 : errno;
  }

 private:
  int handle_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
