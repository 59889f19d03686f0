// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/output_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "face_kit/run/program.hpp"

namespace face_kit {

namespace fs = std::filesystem;

std::string plain_path(std::string const& path) {
  fs::path plain;
  for (auto const& part : fs::path(path))
    if (!part.empty() && part != ".") plain /= part;
  return plain.empty() && !path.empty() ? "." : plain.string();
}

std::string dangling_link(std::string const& path) {
  std::error_code ignored;
  if (!fs::is_symlink(path, ignored) || fs::exists(path, ignored)) return "";
  return "is a symbolic link to " + fs::read_symlink(path, ignored).string() +
         ", which does not exist";
}

void expect_absent(std::string const& path) {
  if (auto const dangling = dangling_link(path); !dangling.empty())
    throw std::runtime_error(path + ": " + dangling);
  if (fs::symlink_status(path).type() != fs::file_type::not_found)
    throw std::runtime_error(path + ": exists already");
}

folder_check earlier_results(std::string results, std::vector<std::string> files,
                             std::function<bool(std::string const& file)> is_own) {
  return [=](std::string const& folder) {
    auto const refuse = [&](std::string const& path, std::string const& reason) {
      throw std::runtime_error(path + ": " + reason + ", so " + folder + " is not replaced");
    };
    bool empty = true;
    for (auto const& entry : fs::directory_iterator(folder)) {
      empty = false;
      bool const known =
          std::find(files.begin(), files.end(), entry.path().filename().string()) != files.end();
      if (!known || entry.symlink_status().type() != fs::file_type::regular)
        refuse(entry.path().string(), "is no file that this program writes");
    }
    if (empty) return;
    std::string const file = folder + '/' + results;
    if (!fs::exists(file)) refuse(folder, "holds no " + results);
    if (!is_own(file)) refuse(file, "was not written by this program");
  };
}

void output_folder::expect_usable(std::string const& path, folder_check const& replaceable) {
  std::string const folder = plain_path(path);
  if (!replaceable || !dangling_link(folder).empty()) return expect_absent(folder);
  if (auto const last = fs::path(folder).filename(); last == "." || last == "..")
    throw std::runtime_error(folder + ": cannot be replaced under this name; write the folder's");
  switch (fs::symlink_status(folder).type()) {
    case fs::file_type::not_found:
      return;
    case fs::file_type::directory:
      return replaceable(folder);
    case fs::file_type::symlink:
      throw std::runtime_error(folder +
                               ": is a symbolic link, so it is not replaced; name its folder");
    default:
      throw std::runtime_error(folder + ": is not a folder, so it is not replaced");
  }
}

output_folder::output_folder(std::string const& path, folder_check replaceable)
    : path_(plain_path(path)), replaceable_(std::move(replaceable)) {
  expect_usable(path_, replaceable_);
  auto const temporary = path_ + "." + std::to_string(::getpid()) + ".tmp";
  std::error_code error;
  bool const created = fs::create_directory(temporary, error);
  if (error) {
    auto const parent = fs::path(path_).parent_path().string();
    throw std::runtime_error(path_ + ": cannot create a folder in " +
                             (parent.empty() ? "." : parent) + ": " + error.message());
  }
  if (!created) throw std::runtime_error(temporary + ": exists already");
  temporary_ = temporary;
}

output_folder::~output_folder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void output_folder::write(std::string const& name, coupleface::byte_view bytes) {
  std::error_code ignored;  // opening the file fails too
  fs::create_directories(fs::path(path(name)).parent_path(), ignored);
  errno = 0;
  std::ofstream file(path(name), std::ios::binary);
  file.write(reinterpret_cast<char const*>(bytes.data_handle()), bytes.extent(0));
  file.close();
  if (!file)
    throw std::runtime_error(path_ + "/" + name + ": cannot write" +
                             (errno != 0 ? ": " + std::generic_category().message(errno) : ""));
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
  expect_usable(path_, replaceable_);
  std::string const old = temporary_ + ".old";
  bool const there = fs::exists(path_);
  if (there) fs::rename(path_, old);
  fs::rename(temporary_, path_);
  temporary_.clear();
  set_complete_output(path_);
  if (there) fs::remove_all(old);
}

}  // namespace face_kit
