// SPDX-License-Identifier: Apache-2.0
// A file that exists in memory alone, for as long as its object. The linker (--wrap) sends the
// system calls of the readers to memory_file.cpp, which answers them for such files; real ones take
// most of an execution's time. A map is a copy on the heap, as long as the file: AddressSanitizer
// reports a read beyond the end, which it cannot within the last page of a real map.
#pragma once

#include <cstddef>
#include <string>

class memory_file {
 public:
  /// The path by which the readers find it, whether or not there is such a folder.
  explicit memory_file(std::string path = "/fuzz/file");
  memory_file(memory_file const&) = delete;
  memory_file& operator=(memory_file const&) = delete;
  ~memory_file();

  std::string const& path() const { return path_; }
  /// The content: `data` must remain until the next call.
  std::string const& put(unsigned char const* data, std::size_t size) {
    data_ = data;
    size_ = size;
    exists_ = true;
    return path_;
  }
  /// Until the next put(), the file does not exist.
  void remove() { exists_ = false; }

  unsigned char const* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool exists() const { return exists_; }

 private:
  std::string path_;
  unsigned char const* data_ = nullptr;
  std::size_t size_ = 0;
  bool exists_ = false;
};
