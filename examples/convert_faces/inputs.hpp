// What is converted: which reader a name asks for.
#pragma once

#include <coupleface/io/csv_table.hpp>
#include <coupleface/io/image_folder.hpp>
#include <coupleface/io/image_list.hpp>
#include <coupleface/io/image_pairs.hpp>
#include <coupleface/io/record_set.hpp>
#include <coupleface/io/verification_pack.hpp>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
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

/// So many digits that names sort as numbers do.
inline std::string padded(index_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "%08lld", static_cast<long long>(number));
  return text;
}

inline std::string person_of(record_set const&, index_t label) { return padded(label); }
inline std::string person_of(image_list const& list, index_t label) {
  return list.people.empty() ? padded(label) : list.people.at(std::size_t(label));
}

/// The one way from a name to faces, of every program here.
/// @throws std::runtime_error naming file, byte, line and reason; also where there is no image
inline any_input open_input(std::string const& path) {
  auto const open = [&]() -> any_input {
    if (std::filesystem::is_directory(path)) return coupleface::read_image_folder(path);
    if (ends_with(path, ".rec")) return record_set(path);
    if (ends_with(path, ".bin")) return verification_pack(path);
    if (ends_with(path, ".lst")) return coupleface::read_lst(path);
    if (!ends_with(path, ".csv")) return coupleface::read_image_list(path);
    if (coupleface::csv_table(path).has("same")) return coupleface::read_image_pairs(path);
    return coupleface::read_image_table(path);
  };
  auto input = open();
  if (std::visit([](auto const& source) { return source.size(); }, input) > 0) return input;
  throw std::runtime_error(path + (std::filesystem::is_directory(path)
                                       ? ": no PERSON/FILE below it is a JPEG, PNG or WebP"
                                       : ": no images"));
}

/// One line on what a folder holds besides, if it does.
inline void say_skipped(char const* program, std::string const& folder,
                        std::vector<std::string> const& skipped) {
  if (skipped.empty()) return;
  std::fprintf(stderr,
               "%s: %s: %zu files are no JPEG, PNG or WebP of a person and are left out; the first "
               "is %s\n",
               program, folder.c_str(), skipped.size(), skipped.front().c_str());
}
inline void say_skipped(char const* program, std::string const& folder, any_input const& input) {
  if (auto const* const list = std::get_if<image_list>(&input))
    say_skipped(program, folder, list->skipped);
}

}  // namespace convert_faces
