// A folder that appears whole or not at all.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <coupleface/io/face_sample.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace convert_faces {

inline void expect_absent(std::string const& path) {
  if (std::filesystem::symlink_status(path).type() != std::filesystem::file_type::not_found)
    throw std::runtime_error(path + ": exists already");
}

class output_folder {
 public:
  explicit output_folder(std::string path) : path_(std::move(path)) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
    expect_absent(path_);
    temporary_ = path_ + "." + std::to_string(::getpid()) + ".tmp";
    if (!std::filesystem::create_directory(temporary_))
      throw std::runtime_error(temporary_ + ": exists already");
  }
  output_folder(output_folder const&) = delete;
  output_folder& operator=(output_folder const&) = delete;
  ~output_folder() {
    std::error_code ignored;
    if (!committed_) std::filesystem::remove_all(temporary_, ignored);
  }

  std::string path(std::string const& name) const { return temporary_ + "/" + name; }

  void write(std::string const& name, coupleface::byte_view bytes) {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream file(path(name), std::ios::binary);
    file.write(reinterpret_cast<char const*>(bytes.data_handle()), bytes.extent(0));
    file.close();
    if (!file) throw std::runtime_error(path_ + ": cannot write " + name);
  }

  /// On the disk first, once for all files.
  void commit() {
    int const folder = ::open(temporary_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool const synced = folder >= 0 && ::syncfs(folder) == 0;
    int const error = errno;
    if (folder >= 0) ::close(folder);
    if (!synced)
      throw std::runtime_error(path_ + ": cannot sync: " + std::generic_category().message(error));
    expect_absent(path_);
    std::filesystem::rename(temporary_, path_);
    committed_ = true;
  }

 private:
  std::string path_;
  std::string temporary_;
  bool committed_ = false;
};

}  // namespace convert_faces
