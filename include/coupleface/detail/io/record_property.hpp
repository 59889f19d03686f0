// SPDX-License-Identifier: Apache-2.0
// coupleface: the paths of the files next to a .rec file, and the file `property`:
// classes,height,width and, from InsightFace's RecBuilder, a second line with the number of images.
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/text_lines.hpp>

#include <optional>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct record_property {
  index_t classes;
  index_t height;
  index_t width;
  index_t images = -1;  ///< -1 if the file does not say
};

inline bool is_there(std::string const& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0;
}

inline std::string index_path(std::string const& path) {
  if (path.size() < 4 || path.compare(path.size() - 4, 4, ".rec") != 0) {
    fail_file(path, "the name does not end in .rec");
  }
  return path.substr(0, path.size() - 4) + ".idx";
}

inline std::string property_path(std::string const& path) {
  auto const slash = path.rfind('/');
  return (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + "property";
}

inline std::optional<record_property> read_property(std::string const& path) {
  if (!is_there(path)) { return std::nullopt; }
  mapped_file const file(path);
  text_lines lines(file);
  if (!lines.next()) { fail_file(path, "is empty"); }
  auto const fields = split_at_commas(lines.line());
  if (fields.size() != 3) { lines.fail("is not classes,height,width"); }
  auto const count = [&](std::string_view field) {
    index_t const value = expect_integer(lines, field, "a count");
    if (value < 0) { lines.fail("has a negative count"); }
    return value;
  };
  record_property property{count(fields[0]), count(fields[1]), count(fields[2])};
  if (lines.next()) {
    auto const second = split_at_commas(lines.line());
    if (second.size() != 1) { lines.fail("is not the number of images"); }
    property.images = count(second[0]);
  }
  if (lines.next()) { lines.fail("is one too many"); }
  return property;
}

/// Throws if the file states another number of images than the set has.
inline void expect_images(std::string const& path, std::optional<record_property> const& property,
                          index_t images) {
  if (!property || property->images < 0 || property->images == images) { return; }
  fail_file(path, "the second line says " + std::to_string(property->images) +
                      " images, but the .rec file has " + std::to_string(images));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
