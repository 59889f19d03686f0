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

namespace {

/// Whether a name is NAME.<process>.<number>.tmp of a process that no longer runs, and for which
/// NAME.
bool is_leftover(std::string const& file, std::string& of) {
  std::string const end = ".tmp";
  if (file.size() <= end.size() || file.compare(file.size() - end.size(), end.size(), end) != 0)
    return false;
  auto const take_number = [&](std::string& name) {
    auto const dot = name.rfind('.');
    std::string const digits = dot == std::string::npos ? "" : name.substr(dot + 1);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return -1L;
    name.resize(dot);
    return std::strtol(digits.c_str(), nullptr, 10);
  };
  of = file.substr(0, file.size() - end.size());
  if (take_number(of) < 0) return false;
  long const process = take_number(of);
  return process > 0 && !of.empty() && ::kill(static_cast<pid_t>(process), 0) != 0 &&
         errno == ESRCH;
}

template <class Wanted>
void remove_some_leftovers(fs::path const& folder, Wanted const& wanted) {
  std::error_code ignored;  // a remaining temporary file is harmless
  for (fs::directory_iterator entry(folder, ignored), last; entry != last;
       entry.increment(ignored)) {
    std::string of;
    if (is_leftover(entry->path().filename().string(), of) && wanted(of))
      fs::remove(entry->path(), ignored);
  }
}

}  // namespace

void remove_leftovers(std::string const& file) {
  fs::path const path(file);
  remove_some_leftovers(path.parent_path().empty() ? fs::path(".") : path.parent_path(),
                        [&](std::string const& of) { return of == path.filename().string(); });
}

void remove_leftovers_in(std::string const& folder) {
  remove_some_leftovers(folder, [](std::string const&) { return true; });
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
