// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/file_output.hpp"

#include <signal.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace face_kit {

namespace fs = std::filesystem;

void write_atomically(std::string const& file, std::string const& bytes) {
  atomic_file out(file);
  out.write(bytes.data(), bytes.size());
  out.commit();
}

std::string read_whole_file(std::string const& file) {
  mapped_file const map(file);
  return {reinterpret_cast<char const*>(map.data()), map.size()};
}

void remove_leftovers(std::string const& file) {
  fs::path const path(file);
  std::string const begin = path.filename().string() + '.', end = ".tmp";
  std::error_code ignored;  // a remaining temporary file is harmless
  fs::path const folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  for (fs::directory_iterator entry(folder, ignored), last; entry != last;
       entry.increment(ignored)) {
    std::string const name = entry->path().filename().string();
    if (name.size() <= begin.size() + end.size() || name.compare(0, begin.size(), begin) != 0 ||
        name.compare(name.size() - end.size(), end.size(), end) != 0) {
      continue;
    }
    std::string const numbers = name.substr(begin.size(), name.size() - begin.size() - end.size());
    char* rest = nullptr;
    long const process = std::strtol(numbers.c_str(), &rest, 10);
    if (process > 0 && *rest == '.' && ::kill(static_cast<pid_t>(process), 0) != 0 &&
        errno == ESRCH) {
      fs::remove(entry->path(), ignored);
    }
  }
}

staged_files::~staged_files() {
  std::error_code ignored;
  for (std::string const& file : files_) fs::remove(file + stage, ignored);
}

std::string staged_files::add(std::string const& file) {
  files_.push_back(file);
  return file + stage;
}

void staged_files::commit() {
  for (std::string const& file : files_) fs::remove(file);
  for (std::string const& file : files_) fs::rename(file + stage, file);
  for (std::string const& file : files_) coupleface::detail::sync_folder_of(file);
  files_.clear();
}

}  // namespace face_kit
