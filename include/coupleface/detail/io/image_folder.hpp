// coupleface: names in folders, in an order that no file system decides.
#pragma once

#include <coupleface/detail/io/file.hpp>

#include <algorithm>
#include <filesystem>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

enum class entry_kind { file, folder };

/// With '/', or empty for a file in the current folder.
inline std::string folder_of(std::string const& path) {
  auto const slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

inline std::string joined(std::string const& folder, std::string const& path) {
  return !path.empty() && path[0] == '/' ? path : folder + path;
}

/// The names of one kind in a folder, sorted by bytes, without hidden ones. Files must be regular;
/// among files a folder is an error, among folders a file is not.
inline std::vector<std::string> sorted_names(std::string const& folder, entry_kind kind) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    std::string const name = entries->path().filename().string();
    if (name[0] == '.') { continue; }
    bool const is_folder = entries->is_directory();
    if (kind == entry_kind::file && is_folder) {
      fail_file(folder + "/" + name, 0, "is a folder within a person's folder");
    }
    if (is_folder == (kind == entry_kind::folder)) { names.push_back(name); }
  }
  if (error) { fail_file(folder, 0, "cannot read the folder: " + error.message()); }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
