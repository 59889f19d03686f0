// What is converted: which reader a name asks for.
#pragma once

#include <coupleface/io/image_list.hpp>
#include <coupleface/io/image_pairs.hpp>
#include <coupleface/io/record_set.hpp>
#include <coupleface/io/verification_pack.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>

namespace convert_faces {

using coupleface::image_list;
using coupleface::image_pairs;
using coupleface::index_t;
using coupleface::record_set;
using coupleface::verification_pack;

using any_input = std::variant<image_list, record_set, image_pairs, verification_pack>;

inline bool ends_with(std::string const& text, std::string const& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Whether a table's header has the column `same`.
inline bool is_table_of_pairs(std::string const& path) {
  std::ifstream file(path);
  std::string header;
  std::getline(file, header);
  while (!header.empty() && (header.back() == '\r' || header.back() == ' ')) header.pop_back();
  return ("," + header + ",").find(",same,") != std::string::npos;
}

inline any_input open_input(std::string const& path) {
  if (std::filesystem::is_directory(path)) return coupleface::read_image_folder(path);
  if (ends_with(path, ".rec")) return record_set(path);
  if (ends_with(path, ".bin")) return verification_pack(path);
  if (ends_with(path, ".lst")) return coupleface::read_lst(path);
  if (!ends_with(path, ".csv")) return coupleface::read_image_list(path);
  if (is_table_of_pairs(path)) return coupleface::read_image_pairs(path);
  return coupleface::read_image_table(path);
}

}  // namespace convert_faces
