// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/face_dataset.hpp"

#include <filesystem>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "face_kit/data/face_inputs.hpp"
#include "face_kit/run/file_output.hpp"
#include "face_kit/run/messages.hpp"

namespace face_kit {

bool detail::trains_by_name(std::string const& person) {
  std::uint64_t hash = 14695981039346656037U;
  for (char const c : person) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return (hash >> 32) % 5 != 0;
}

namespace {

using detail::face_entry;
using detail::trains_by_name;

std::vector<face_entry> entries_of(image_list const& list, std::string const& file) {
  std::vector<face_entry> entries;
  for (std::size_t i = 0; i < list.paths.size(); ++i) {
    std::string where;
    if (!list.lines.empty()) where = file + ": line " + std::to_string(list.lines[i]) + ": ";
    auto person = person_of(list, list.labels[i]);
    if (person.empty()) {
      throw std::runtime_error(where + list.paths[i] + " has the label " +
                               std::to_string(list.labels[i]) + ", which is nobody's");
    }
    bool train = trains_by_name(person);
    if (!list.splits.empty()) {
      train = list.splits[i] == "train";
      if (!train && list.splits[i] != "dev") {
        throw std::runtime_error(where + "split is '" + list.splits[i] +
                                 "', neither train nor dev");
      }
    }
    entries.push_back({std::move(where), list.paths[i], std::move(person), train});
  }
  return entries;
}

/// The paths that convert_faces would write for the set, without extensions.
std::vector<face_entry> entries_of(coupleface::record_set const& set, std::string const& file) {
  std::vector<face_entry> entries;
  for (coupleface::index_t i = 0; i < set.size(); ++i) {
    auto const label = set.sample(i).label;
    auto person = person_of(set, label);
    if (person.empty()) {
      throw std::runtime_error(file + ": image " + std::to_string(i) + " has the label " +
                               std::to_string(label) + ", which is nobody's");
    }
    auto const train = trains_by_name(person);
    auto path = person + "/" + padded(i);
    entries.push_back({file + ": ", std::move(path), std::move(person), train});
  }
  return entries;
}

/// Fills everything but the pixels.
face_dataset number_people(std::vector<face_entry> const& entries, int side) {
  face_dataset faces;
  faces.side = side;
  std::unordered_map<std::string, std::pair<std::int32_t, bool>> ids;
  for (bool const train : {true, false}) {
    for (auto const& entry : entries) {
      if (entry.train != train) continue;
      auto const id = static_cast<std::int32_t>(faces.people.size());
      auto const [known, added] = ids.emplace(entry.person, std::make_pair(id, train));
      if (added) faces.people.push_back(entry.person);
      if (known->second.second != train) {
        throw std::runtime_error(entry.where + entry.person + " is in both splits");
      }
    }
  }
  for (auto const& entry : entries) {
    faces.labels.push_back(ids.at(entry.person).first);
    faces.paths.push_back(entry.path);
    faces.is_train.push_back(entry.train ? 1 : 0);
  }
  return faces;
}

/// The faces without a failure reason, people renumbered.
face_dataset without_undecodable(face_dataset&& all, std::vector<face_entry> const& entries,
                                 std::vector<std::string> const& reasons) {
  std::vector<face_entry> kept;
  std::vector<left_out_image> left_out;
  std::vector<int> rows;
  for (int i = 0; i < all.size(); ++i) {
    auto const k = static_cast<std::size_t>(i);
    if (!reasons[k].empty()) {
      left_out.push_back({i, entries[k].path, reasons[k]});
      continue;
    }
    kept.push_back(entries[k]);
    rows.push_back(i);
  }
  auto faces = number_people(kept, all.side);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    auto const* const image = all.image(rows[k]);
    std::copy(image, image + all.image_bytes(), all.image(static_cast<int>(k)));
    faces.sizes.push_back(all.sizes[static_cast<std::size_t>(rows[k])]);
  }
  faces.pixels = std::move(all.pixels);
  faces.pixels.resize(rows.size() * faces.image_bytes());
  faces.rows = std::move(rows);
  faces.listed = all.size();
  faces.undecodable = std::move(left_out);
  return faces;
}

template <class Source>
face_dataset load_from(Source const& source, std::string const& file, int side,
                       bool skip_undecodable) {
  auto const entries = entries_of(source, file);
  auto faces = number_people(entries, side);
  faces.pixels.resize(entries.size() * faces.image_bytes());
  faces.sizes.resize(entries.size());
  auto const reasons = detail::read_pixels(source, entries, skip_undecodable, faces);
  bool const all = std::all_of(reasons.begin(), reasons.end(),
                               [](std::string const& reason) { return reason.empty(); });
  if (!all) faces = without_undecodable(std::move(faces), entries, reasons);
  if (faces.size() == 0) throw std::runtime_error(file + ": no image can be decoded");
  if constexpr (std::is_same_v<Source, image_list>) { faces.no_images = source.skipped; }
  return faces;
}

}  // namespace

face_dataset load_faces(std::string const& data, std::string const& list_file, int side,
                        bool skip_undecodable) {
  if (side < 1 || side > max_image_side) {
    throw std::invalid_argument("load_faces: side is " + std::to_string(side));
  }
  std::string const& file = list_file.empty() ? data : list_file;
  if (!list_file.empty() && ends_with(data, ".rec")) {
    throw std::runtime_error(data + ": a .rec set takes no list of images");
  }
  auto input = open_input(file);
  if (auto* const set = std::get_if<coupleface::record_set>(&input)) {
    return load_from(*set, file, side, skip_undecodable);
  }
  if (auto* const list = std::get_if<image_list>(&input)) {
    if (!list_file.empty()) list->folder = data + "/";
    return load_from(*list, file, side, skip_undecodable);
  }
  throw std::runtime_error(file + ": contains pairs but no people");
}

void write_undecodable(std::string const& file, std::vector<left_out_image> const& images) {
  auto const out = std::filesystem::path(file).parent_path();
  if (!out.empty()) std::filesystem::create_directories(out);
  std::string reasons;
  for (auto const& image : images) reasons += image.reason + '\n';
  write_atomically(file, reasons);
}

void warn_of_left_out(std::string const& data, face_dataset const& faces, std::string const& out) {
  warn_of_skipped(data, faces.no_images);
  std::string const file = out + "/undecodable.txt";
  if (faces.undecodable.empty()) {
    std::filesystem::remove(file);  // from an earlier run
    return;
  }
  write_undecodable(file, faces.undecodable);
  warn("%zu images skipped: cannot be decoded (see %s); the first is %s", faces.undecodable.size(),
       file.c_str(), faces.undecodable.front().reason.c_str());
}

}  // namespace face_kit
