// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/output_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace face_kit {

namespace fs = std::filesystem;

void expect_absent(std::string const& path) {
  if (fs::symlink_status(path).type() != fs::file_type::not_found)
    throw std::runtime_error(path + ": exists already");
}

namespace {

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

void output_folder::expect_usable(std::string const& path, std::string const& results) {
  auto const type = fs::symlink_status(without_slashes(path)).type();
  if (results.empty()) expect_absent(without_slashes(path));
  bool const replaceable = type == fs::file_type::not_found ||
                           (type == fs::file_type::directory && fs::exists(path + '/' + results));
  if (!replaceable)
    throw std::runtime_error(path + ": is not a folder with " + results +
                             ", so it is not replaced");
}

output_folder::output_folder(std::string path, std::string results)
    : path_(without_slashes(std::move(path))), results_(std::move(results)) {
  expect_usable(path_, results_);
  auto const temporary = path_ + "." + std::to_string(::getpid()) + ".tmp";
  if (!fs::create_directory(temporary)) throw std::runtime_error(temporary + ": exists already");
  temporary_ = temporary;
}

output_folder::~output_folder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void output_folder::write(std::string const& name, coupleface::byte_view bytes) {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream file(path(name), std::ios::binary);
  file.write(reinterpret_cast<char const*>(bytes.data_handle()), bytes.extent(0));
  file.close();
  if (!file) throw std::runtime_error(path_ + ": cannot write " + name);
}

void output_folder::write(std::string const& name, std::string const& text) {
  write(name, coupleface::byte_view(reinterpret_cast<std::uint8_t const*>(text.data()),
                                    static_cast<coupleface::index_t>(text.size())));
}

void output_folder::commit() {
  int const folder = ::open(temporary_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool const synced = folder >= 0 && ::syncfs(folder) == 0;
  int const error = errno;
  if (folder >= 0) ::close(folder);
  if (!synced)
    throw std::runtime_error(path_ + ": cannot sync: " + std::generic_category().message(error));
  expect_usable(path_, results_);
  std::string const old = temporary_ + ".old";
  bool const there = fs::exists(path_);
  if (there) fs::rename(path_, old);
  fs::rename(temporary_, path_);
  temporary_.clear();
  if (there) fs::remove_all(old);
}

}  // namespace face_kit
