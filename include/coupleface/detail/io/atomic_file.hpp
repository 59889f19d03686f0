// SPDX-License-Identifier: Apache-2.0
// coupleface: writes a new file that appears completely or not at all, host side; documented in
// io/atomic_file.hpp.
#pragma once

#include <coupleface/detail/io/file.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Writes all bytes or throws; `path` and `offset` are for the message.
inline void write_all(int file, std::string const& path, std::uint64_t offset, void const* data,
                      std::size_t size) {
  auto const* at = static_cast<unsigned char const*>(data);
  while (size > 0) {
    ssize_t const written = ::write(file, at, size);
    if (written < 0 && errno == EINTR) { continue; }
    if (written < 0) { fail_system(path, offset, "cannot write", errno); }
    at += written;
    offset += static_cast<std::uint64_t>(written);
    size -= static_cast<std::size_t>(written);
  }
}

inline void sync_folder_of(std::string const& path) {
  auto const slash = path.rfind('/');
  std::string const folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  file_descriptor const file(::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  // Some file systems cannot sync a folder (EINVAL); a folder without read permission cannot be
  // opened.
  if (file.get() >= 0 && ::fsync(file.get()) != 0 && errno != EINVAL) {
    fail_system(path, "cannot sync its folder", errno);
  }
}

class atomic_file {
 public:
  explicit atomic_file(std::string path) : path_(std::move(path)), file_(create()) {}
  atomic_file(atomic_file const&) = delete;
  atomic_file& operator=(atomic_file const&) = delete;
  ~atomic_file() {
    if (!committed_) { ::unlink(temporary_.c_str()); }
  }

  std::string const& path() const { return path_; }
  /// Bytes written so far.
  std::uint64_t offset() const { return flushed_ + buffer_.size(); }

  void write(void const* data, std::size_t size) {
    if (committed_) { fail_file(path_, flushed_, "is committed already"); }
    if (buffer_.size() + size > capacity) { flush(); }
    if (size >= capacity) {
      write_through(data, size);
    } else {
      auto const* const bytes = static_cast<unsigned char const*>(data);
      buffer_.insert(buffer_.end(), bytes, bytes + size);
    }
  }

  void write(std::string const& text) { write(text.data(), text.size()); }

  void commit() {
    if (committed_) { fail_file(path_, flushed_, "is committed already"); }
    flush();
    if (::fsync(file_.get()) != 0) { fail_system(path_, flushed_, "cannot sync", errno); }
    if (int const error = file_.close()) { fail_system(path_, flushed_, "cannot close", error); }
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      fail_system(path_, "cannot put the new file in its place", errno);
    }
    committed_ = true;
    sync_folder_of(path_);
  }

 private:
  static constexpr std::size_t capacity = 1 << 16;

  int create() {
    struct stat status;
    if (::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      fail_file(path_, "exists and is not a regular file");
    }
    // The name may be in use by the leftover of a killed process with the same id.
    for (int attempt = 0;; ++attempt) {
      temporary_ =
          path_ + "." + std::to_string(::getpid()) + "." + std::to_string(attempt) + ".tmp";
      int const file =
          ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t{0666});
      if (file >= 0) { return file; }
      if (errno != EEXIST) { fail_system(path_, "cannot create a file there", errno); }
    }
  }

  void write_through(void const* data, std::size_t size) {
    if (broken_) { fail_file(path_, flushed_, "an earlier write failed"); }
    broken_ = true;
    write_all(file_.get(), path_, flushed_, data, size);
    broken_ = false;
    flushed_ += size;
  }

  void flush() {
    write_through(buffer_.data(), buffer_.size());
    buffer_.clear();
  }

  std::string path_;
  std::string temporary_;
  std::vector<unsigned char> buffer_;
  std::uint64_t flushed_ = 0;
  bool broken_ = false;
  bool committed_ = false;
  file_descriptor file_;  // last: its initialiser create() sets temporary_
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
