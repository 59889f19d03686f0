// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/face_inputs.hpp"

#include <coupleface/io/csv_table.hpp>
#include <coupleface/io/image_folder.hpp>

#include <cstdio>
#include <deque>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "face_kit/run/messages.hpp"

namespace face_kit {

bool ends_with(std::string const& text, std::string const& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string padded(index_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "%08lld", static_cast<long long>(number));
  return text;
}

std::string person_of(record_set const&, index_t label) {
  return label < 0 ? std::string() : padded(label);
}
std::string person_of(image_list const& list, index_t label) {
  if (label < 0) return "";
  return list.people.empty() ? padded(label) : list.people.at(std::size_t(label));
}

namespace {

std::string listed(std::string const& list, index_t line, std::string const& path) {
  return list + ": line " + std::to_string(line) + ": " + path;
}

std::string numbered(std::string const& input, index_t i) {
  return input + ": image " + std::to_string(i);
}

}  // namespace

std::string name_of(image_list const& list, std::string const&, index_t i) {
  auto const k = static_cast<std::size_t>(i);
  return list.lines.empty() ? list.path(i) : listed(list.file, list.lines[k], list.paths[k]);
}
std::string name_of(image_pairs const& pairs, std::string const&, index_t i) {
  auto const k = static_cast<std::size_t>(i);
  return listed(pairs.file, pairs.lines[k], pairs.paths[k]);
}
std::string name_of(record_set const&, std::string const& input, index_t i) {
  return numbered(input, i);
}
std::string name_of(verification_pack const&, std::string const& input, index_t i) {
  return numbered(input, i);
}

std::pair<std::size_t, std::size_t> path_that_is_twice(std::vector<std::string> const& paths) {
  std::unordered_map<std::string_view, std::size_t> places;
  std::deque<std::string> respelt;  // keeps what the views show
  for (std::size_t i = 0; i < paths.size(); ++i) {
    std::string_view path = paths[i];
    bool const plain = path.find("//") == path.npos && path.find("/.") == path.npos &&
                       path.compare(0, 1, ".") != 0;
    if (!plain) path = respelt.emplace_back(std::filesystem::path(path).lexically_normal());
    auto const [earlier, added] = places.emplace(path, i);
    if (!added) return {earlier->second, i};
  }
  return {0, 0};
}

namespace {

/// A second line of one image, of the same person or of another, is a mistake everywhere: it would
/// be its own nearest neighbour, and two people would share a face.
void expect_each_once(image_list const& list) {
  auto const [first, again] = path_that_is_twice(list.paths);
  if (again == 0) return;
  throw std::runtime_error(listed(list.file, list.lines.at(again), list.paths[again]) +
                           " is listed twice, first in line " +
                           std::to_string(list.lines.at(first)));
}

}  // namespace

any_input open_input(std::string const& path) {
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
  if (auto const* const list = std::get_if<image_list>(&input); list && !list->lines.empty())
    expect_each_once(*list);
  if (std::visit([](auto const& source) { return source.size(); }, input) > 0) return input;
  throw std::runtime_error(path + (std::filesystem::is_directory(path)
                                       ? ": contains no PERSON/FILE that is a JPEG, PNG or WebP"
                                       : ": no images"));
}

void warn_of_skipped(std::string const& folder, std::vector<std::string> const& skipped) {
  if (skipped.empty()) return;
  warn("%s: %zu files skipped: not a JPEG, PNG or WebP in a person's folder; the first is %s",
       folder.c_str(), skipped.size(), skipped.front().c_str());
}

void warn_of_skipped(std::string const& folder, any_input const& input) {
  if (auto const* const list = std::get_if<image_list>(&input))
    warn_of_skipped(folder, list->skipped);
}

}  // namespace face_kit
