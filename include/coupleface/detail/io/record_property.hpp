// coupleface: what lies beside a .rec file, and the file `property`: classes,height,width.
#pragma once

#include <coupleface/detail/io/text_lines.hpp>

#include <optional>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct record_property {
  index_t classes;
  index_t height;
  index_t width;
};

inline bool is_there(std::string const& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0;
}

inline std::string index_path(std::string const& path) {
  if (path.size() < 4 || path.compare(path.size() - 4, 4, ".rec") != 0) {
    fail_file(path, 0, "the name does not end in .rec");
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
  if (!lines.next()) { fail_file(path, 0, "is empty"); }
  auto const fields = split_at(lines.line(), ',');
  if (fields.size() != 3) { lines.fail("is not classes,height,width"); }
  index_t values[3];
  for (std::size_t k = 0; k < 3; ++k) {
    values[k] = expect_integer(lines, fields[k], "a count");
    if (values[k] < 0) { lines.fail("has a negative count"); }
  }
  if (lines.next()) { lines.fail("is one too many"); }
  return record_property{values[0], values[1], values[2]};
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
