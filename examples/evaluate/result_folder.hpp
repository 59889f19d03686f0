// The folder of the results, which appears whole: beside its name first.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace evaluate {

/// Refuses a folder that exists, unless it is to be replaced and holds results.
inline void expect_usable(std::string const& folder, bool replace) {
  namespace fs = std::filesystem;
  if (fs::symlink_status(folder).type() == fs::file_type::not_found) return;
  if (!replace) throw std::runtime_error(folder + ": exists already (--replace replaces results)");
  if (!fs::is_directory(fs::symlink_status(folder)) || !fs::exists(folder + "/results.json"))
    throw std::runtime_error(folder + ": is no folder with results.json, and is not replaced");
}

class result_folder {
 public:
  result_folder(std::string path, bool replace) : path_(std::move(path)), replace_(replace) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
    expect_usable(path_, replace_);
    temporary_ = path_ + '.' + std::to_string(::getpid()) + ".tmp";
    auto const parent = std::filesystem::path(path_).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent);
    if (!std::filesystem::create_directory(temporary_))
      throw std::runtime_error(temporary_ + ": exists already");
  }
  result_folder(result_folder const&) = delete;
  result_folder& operator=(result_folder const&) = delete;
  ~result_folder() {
    std::error_code ignored;
    if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
  }

  /// Where to write until commit().
  std::string const& temporary() const { return temporary_; }
  std::string const& path() const { return path_; }

  void commit() {
    expect_usable(path_, replace_);
    std::string const old = temporary_ + ".old";
    bool const there = std::filesystem::exists(path_);
    if (there) std::filesystem::rename(path_, old);
    std::filesystem::rename(temporary_, path_);
    temporary_.clear();
    if (there) std::filesystem::remove_all(old);
  }

 private:
  std::string path_, temporary_;
  bool replace_;
};

}  // namespace evaluate
