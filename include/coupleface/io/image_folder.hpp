// SPDX-License-Identifier: Apache-2.0
// coupleface: folders with one folder for each person.
//
// Source: ours.
#pragma once

#include <coupleface/detail/io/file.hpp>
#include <coupleface/detail/io/image_folder.hpp>
#include <coupleface/io/image_format.hpp>
#include <coupleface/io/image_list.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The images in the folders of a folder; each folder is a person. People, and then the
/// images of each person, are ordered by the bytes of their names, like sorted() of Python for each
/// folder.
///
/// An image is a file that begins as JPEG, PNG or WebP, with any name. Everything else goes to
/// image_list::skipped: other files, hidden files, and files beside the people's folders. A folder
/// without an image is not a person.
/// @throws std::runtime_error if a folder or file cannot be read, or a person's folder holds a
///   folder
/// @complexity opens every file, and sorts the names
inline image_list read_image_folder(std::string const& path) {
  image_list list;
  list.folder = path.empty() || path.back() == '/' ? path : path + "/";
  auto const top = detail::read_folder(path);
  for (auto const* const names : {&top.hidden, &top.files}) {
    list.skipped.insert(list.skipped.end(), names->begin(), names->end());
  }
  for (std::string const& person : top.folders) {
    auto const inner = detail::read_folder(list.folder + person);
    if (!inner.folders.empty()) {
      detail::fail_file(list.folder + person + "/" + inner.folders[0],
                        "is a folder within a person's folder");
    }
    for (std::string const& name : inner.hidden) { list.skipped.push_back(person + "/" + name); }
    auto const label = static_cast<index_t>(list.people.size());
    bool seen = false;
    for (std::string const& name : inner.files) {
      std::string const file = person + "/" + name;
      auto const begin = detail::first_bytes(list.folder + file, image_signature_bytes);
      if (image_format_of({begin.data(), static_cast<index_t>(begin.size())}) ==
          image_format::unknown) {
        list.skipped.push_back(file);
        continue;
      }
      list.paths.push_back(file);
      list.labels.push_back(label);
      seen = true;
    }
    if (seen) { list.people.push_back(person); }
  }
  return list;
}

COUPLEFACE_NAMESPACE_END
