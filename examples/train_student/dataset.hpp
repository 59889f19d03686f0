// The room where faces wait for training: one table of small grey images with people and splits,
// read from whatever convert_faces reads: folders, lists, InsightFace's train.rec.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../convert_faces/inputs.hpp"
#include "image_decoding.hpp"

namespace train_student {

struct image_size {
  int width = 0, height = 0;
};

/// An image of list or folder that no decoder takes.
struct left_out_image {
  int row = 0;  ///< in list or folder
  std::string path, reason;
};

/// Faces of one size. People of the train split have the ids 0 .. train_people() - 1, so the labels
/// of training faces can serve as classes as they are; people of the dev split follow.
struct face_dataset {
  int side = 0;
  std::vector<std::uint8_t> pixels;    ///< [n, side, side], row-major
  std::vector<std::int32_t> labels;    ///< [n], row of `people`
  std::vector<std::string> paths;      ///< [n], as the list names them
  std::vector<std::string> people;     ///< [classes]
  std::vector<std::uint8_t> is_train;  ///< [n], 1 = train split, 0 = dev; a person is in one split
  std::vector<image_size> sizes;       ///< [n], of the image files; empty where there are none
  std::vector<int> rows;               ///< [n], place of each in list or folder, -1: in neither;
                                       ///< empty: as they are here
  int listed = 0;                      ///< images of list or folder, where `rows` is not empty
  std::vector<left_out_image> undecodable;  ///< of list or folder, but not here
  std::vector<std::string> no_images;       ///< files of the folder that are none

  int size() const { return static_cast<int>(labels.size()); }
  /// Rows of a file that has one for every image of list or folder.
  int listed_rows() const { return rows.empty() ? size() : listed; }
  int listed_row(int i) const { return rows.empty() ? i : rows[static_cast<std::size_t>(i)]; }
  std::size_t image_bytes() const { return static_cast<std::size_t>(side) * side; }
  std::uint8_t const* image(int i) const { return pixels.data() + i * image_bytes(); }
  std::uint8_t* image(int i) { return pixels.data() + i * image_bytes(); }
  int train_people() const {
    std::int32_t past_last = 0;
    for (int i = 0; i < size(); ++i) {
      if (is_train[i] != 0) past_last = std::max(past_last, labels[i] + 1);
    }
    return past_last;
  }
};

/// Two rows of a dataset, the fold they belong to and whether they show one person.
struct verification_pair {
  int fold = 0;
  int a = 0;
  int b = 0;
  bool same = false;
};

/// Calls f(0) .. f(n - 1), over threads where OpenMP is on. The exception of the smallest index is
/// the one that leaves, so that a bad file is reported alike on any number of threads.
template <class Function>
void for_each_index(int n, Function const& f) {
  std::exception_ptr first;
  int first_index = std::numeric_limits<int>::max();
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 16)
#endif
  for (int i = 0; i < n; ++i) {
    try {
      f(i);
    } catch (...) {
#ifdef _OPENMP
#pragma omp critical(train_student_first_error)
#endif
      if (i < first_index) {
        first_index = i;
        first = std::current_exception();
      }
    }
  }
  if (first) std::rethrow_exception(first);
}

namespace detail {

/// Exact coverage of source pixels by one target pixel along one axis, in units of 1 / side.
struct axis_coverage {
  std::vector<int> first;                           ///< [side + 1], start of each target's entries
  std::vector<std::pair<int, std::uint64_t>> taps;  ///< source index, weight
};

inline axis_coverage cover_axis(int offset, int length, int side) {
  axis_coverage axis;
  for (std::int64_t target = 0; target < side; ++target) {
    axis.first.push_back(static_cast<int>(axis.taps.size()));
    std::int64_t const begin = target * length;
    std::int64_t const end = begin + length;
    for (std::int64_t source = begin / side; source * side < end; ++source) {
      auto const weight = std::min(end, (source + 1) * side) - std::max(begin, source * side);
      axis.taps.emplace_back(offset + static_cast<int>(source), weight);
    }
  }
  axis.first.push_back(static_cast<int>(axis.taps.size()));
  return axis;
}

}  // namespace detail

/// @brief Area average of the largest centred square of an image, to side x side. Integer
/// throughout: every source pixel counts by exactly the area that it covers.
inline void resize_area(std::uint8_t const* source, int width, int height, int side,
                        std::uint8_t* target) {
  int const square = std::min(width, height);
  auto const columns = detail::cover_axis((width - square) / 2, square, side);
  auto const lines = detail::cover_axis((height - square) / 2, square, side);
  auto const area = static_cast<std::uint64_t>(square) * static_cast<std::uint64_t>(square);
  std::vector<std::uint64_t> row(static_cast<std::size_t>(side));
  for (int y = 0; y < side; ++y) {
    std::fill(row.begin(), row.end(), 0);
    for (int t = lines.first[y]; t < lines.first[y + 1]; ++t) {
      auto const [line, line_weight] = lines.taps[t];
      auto const* const pixels = source + static_cast<std::size_t>(line) * width;
      for (int x = 0; x < side; ++x) {
        std::uint64_t sum = 0;
        for (int u = columns.first[x]; u < columns.first[x + 1]; ++u) {
          sum += columns.taps[u].second * pixels[columns.taps[u].first];
        }
        row[x] += line_weight * sum;
      }
    }
    for (int x = 0; x < side; ++x) {
      target[y * side + x] = static_cast<std::uint8_t>((row[x] + area / 2) / area);
    }
  }
}

namespace detail {

/// A face before its pixels are read.
struct face_entry {
  std::string where;  ///< for messages, with a colon behind it; empty where the path says all
  std::string path;
  std::string person;
  bool train;
};

/// Where nobody says which people to hold out, one in five is, by a hash (FNV-1a) of the name: the
/// choice neither depends on the order of files nor changes when people are added.
inline bool trains_by_name(std::string const& person) {
  std::uint64_t hash = 14695981039346656037U;
  for (char const c : person) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return (hash >> 32) % 5 != 0;
}

inline std::vector<face_entry> entries_of(convert_faces::image_list const& list,
                                          std::string const& file) {
  std::vector<face_entry> entries;
  for (std::size_t i = 0; i < list.paths.size(); ++i) {
    std::string where;
    if (!list.lines.empty()) where = file + ": line " + std::to_string(list.lines[i]) + ": ";
    auto person = convert_faces::person_of(list, list.labels[i]);
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

/// The folders and files that convert_faces makes of the set, without their endings.
inline std::vector<face_entry> entries_of(coupleface::record_set const& set,
                                          std::string const& file) {
  std::vector<face_entry> entries;
  for (coupleface::index_t i = 0; i < set.size(); ++i) {
    auto person = convert_faces::person_of(set, set.sample(i).label);
    auto const train = trains_by_name(person);
    auto path = person + "/" + convert_faces::padded(i);
    entries.push_back({file + ": ", std::move(path), std::move(person), train});
  }
  return entries;
}

/// Fills everything but the pixels.
inline face_dataset number_people(std::vector<face_entry> const& entries, int side) {
  face_dataset faces;
  faces.side = side;
  std::unordered_map<std::string, std::string> seen_paths;
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
    auto const [earlier, added] = seen_paths.emplace(entry.path, entry.where);
    if (!added) {
      throw std::runtime_error(entry.where + entry.path + " was listed before: " + earlier->second);
    }
    faces.labels.push_back(ids.at(entry.person).first);
    faces.paths.push_back(entry.path);
    faces.is_train.push_back(entry.train ? 1 : 0);
  }
  return faces;
}

/// Decodes every image of `source`; the reason of each that no decoder takes, else an empty string.
template <class Source>
std::vector<std::string> read_pixels(Source const& source, std::vector<face_entry> const& entries,
                                     bool skip_undecodable, face_dataset& faces) {
  std::vector<std::string> reasons(entries.size());
  for_each_index(faces.size(), [&](int i) {
    auto const k = static_cast<std::size_t>(i);
    try {
      auto const sample = source.sample(i);
      int width = 0, height = 0;
      auto const pixels =
          decode_grey(sample.bytes.data_handle(), static_cast<std::size_t>(sample.bytes.extent(0)),
                      width, height, entries[k].path);
      resize_area(pixels.data(), width, height, faces.side, faces.image(i));
      faces.sizes[k] = {width, height};
    } catch (undecodable_image const& error) {
      if (!skip_undecodable) throw std::runtime_error(entries[k].where + error.what());
      reasons[k] = error.what();
    } catch (std::runtime_error const& error) {
      throw std::runtime_error(entries[k].where + error.what());
    }
  });
  return reasons;
}

/// The faces without a reason, people numbered anew.
inline face_dataset without_undecodable(face_dataset&& all, std::vector<face_entry> const& entries,
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
  auto const reasons = read_pixels(source, entries, skip_undecodable, faces);
  bool const all = std::all_of(reasons.begin(), reasons.end(),
                               [](std::string const& reason) { return reason.empty(); });
  if (!all) faces = without_undecodable(std::move(faces), entries, reasons);
  if (faces.size() == 0) throw std::runtime_error(file + ": no image can be decoded");
  if constexpr (std::is_same_v<Source, convert_faces::image_list>) {
    faces.no_images = source.skipped;
  }
  return faces;
}

}  // namespace detail

/// @brief Reads all faces of a list, of folders named after people, or of an InsightFace training
/// set, as grey side x side images.
/// @param data       a folder or file, as convert_faces takes them; with a list: where its relative
///                   paths begin
/// @param list_file  a list as convert_faces takes them, in the order that the dataset keeps. A
///                   column `split` says train or dev; without it one person in five is dev.
/// @param skip_undecodable  an image that no decoder takes is left out, and named in `undecodable`
/// @throws std::runtime_error  naming file, line or byte, and reason
inline face_dataset load_faces(std::string const& data, std::string const& list_file, int side,
                               bool skip_undecodable = false) {
  if (side < 1 || side > max_image_side) {
    throw std::invalid_argument("load_faces: side is " + std::to_string(side));
  }
  std::string const& file = list_file.empty() ? data : list_file;
  if (!list_file.empty() && convert_faces::ends_with(data, ".rec")) {
    throw std::runtime_error(data + ": takes no list");
  }
  auto input = convert_faces::open_input(file);
  if (auto* const set = std::get_if<coupleface::record_set>(&input)) {
    return detail::load_from(*set, file, side, skip_undecodable);
  }
  if (auto* const list = std::get_if<convert_faces::image_list>(&input)) {
    if (!list_file.empty()) list->folder = data + "/";
    return detail::load_from(*list, file, side, skip_undecodable);
  }
  throw std::runtime_error(file + ": has pairs, no people");
}

/// What a dataset does not hold of its folder or list: a line each for files that are no images and
/// for images that cannot be decoded; the latter are listed in out/undecodable.txt.
inline void say_left_out(char const* program, std::string const& data, face_dataset const& faces,
                         std::string const& out) {
  convert_faces::say_skipped(program, data, faces.no_images);
  std::string const file = out + "/undecodable.txt";
  if (faces.undecodable.empty()) {
    std::filesystem::remove(file);  // of an earlier run
    return;
  }
  std::filesystem::create_directories(out);
  std::ofstream list(file, std::ios::binary);
  for (auto const& image : faces.undecodable) list << image.reason << '\n';
  if (!list.flush()) throw std::runtime_error(file + ": cannot be written");
  std::fprintf(
      stderr, "%s: %zu images cannot be decoded and are left out, see %s; the first is %s\n",
      program, faces.undecodable.size(), file.c_str(), faces.undecodable.front().reason.c_str());
}

}  // namespace train_student
