// The room where faces wait for training: one table of small grey images with people and splits,
// read from files named by a list (or found in folders) or from InsightFace's train.rec, and the
// pairs that verification asks about.
#pragma once

#include <algorithm>
#include <coupleface/io/record_set.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "image_decoding.hpp"

namespace train_student {

struct image_size {
  int width = 0, height = 0;
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

  int size() const { return static_cast<int>(labels.size()); }
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

/// One line of a table and where it stands, for messages.
struct table_row {
  std::string where;
  std::vector<std::string> fields;
};

struct table {
  std::vector<std::string> header;
  std::vector<table_row> rows;
};

inline std::vector<std::string> split_fields(std::string const& line, std::string const& where) {
  if (line.find('"') != std::string::npos) {
    throw std::runtime_error(where + ": quoted fields are not read");
  }
  std::vector<std::string> fields(1);
  for (char const c : line) {
    if (c == ',') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

/// Plain comma-separated text with a header: no quotes, no empty fields, no ragged rows. That is
/// all that lists and pairs need, and refusing the rest keeps a shifted column from passing as
/// data.
inline table read_table(std::string const& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(file + ": cannot be opened");
  table result;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    std::string const where = file + ":" + std::to_string(number);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() && stream.peek() == std::ifstream::traits_type::eof()) break;
    auto fields = split_fields(line, where);
    if (number == 1) {
      result.header = std::move(fields);
      continue;
    }
    if (fields.size() != result.header.size()) {
      throw std::runtime_error(where + ": " + std::to_string(fields.size()) +
                               " fields where the header has " +
                               std::to_string(result.header.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].empty()) throw std::runtime_error(where + ": empty " + result.header[i]);
    }
    result.rows.push_back({where, std::move(fields)});
  }
  if (stream.bad()) throw std::runtime_error(file + ": cannot be read");
  if (result.rows.empty()) throw std::runtime_error(file + ": no rows below the header");
  return result;
}

/// A face before its pixels are read.
struct face_entry {
  std::string where;
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

inline std::vector<face_entry> read_list(std::string const& list_file) {
  auto const list = read_table(list_file);
  bool const has_split = list.header.size() == 3 && list.header[2] == "split";
  if (list.header.size() < 2 || list.header[0] != "path" || list.header[1] != "person" ||
      list.header.size() != (has_split ? 3U : 2U)) {
    throw std::runtime_error(list_file + ":1: the header must be path,person or path,person,split");
  }
  std::vector<face_entry> entries;
  for (auto const& row : list.rows) {
    auto const& person = row.fields[1];
    if (has_split && row.fields[2] != "train" && row.fields[2] != "dev") {
      throw std::runtime_error(row.where + ": split is '" + row.fields[2] +
                               "', neither train nor dev");
    }
    bool const train = has_split ? row.fields[2] == "train" : trains_by_name(person);
    entries.push_back({row.where, row.fields[0], person, train});
  }
  return entries;
}

/// data_dir/person/image.{jpg,jpeg,png}, in the order of names.
inline std::vector<face_entry> find_in_folders(std::string const& data_dir) {
  namespace fs = std::filesystem;
  std::vector<face_entry> entries;
  try {
    for (auto const& folder : fs::directory_iterator(data_dir)) {
      if (!folder.is_directory()) continue;
      auto const person = folder.path().filename().string();
      for (auto const& file : fs::directory_iterator(folder.path())) {
        auto extension = file.path().extension().string();
        for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (extension != ".jpg" && extension != ".jpeg" && extension != ".png") continue;
        auto path = person + "/" + file.path().filename().string();
        entries.push_back({data_dir, std::move(path), person, trains_by_name(person)});
      }
    }
  } catch (fs::filesystem_error const& error) {
    throw std::runtime_error(data_dir + ": " + error.code().message());
  }
  if (entries.empty()) {
    throw std::runtime_error(data_dir + ": no PERSON/IMAGE.jpg, .jpeg or .png below it");
  }
  std::sort(entries.begin(), entries.end(),
            [](face_entry const& a, face_entry const& b) { return a.path < b.path; });
  return entries;
}

/// The folders and files that convert_faces makes of the set, without their endings.
inline std::vector<face_entry> list_records(coupleface::record_set const& set,
                                            std::string const& file) {
  auto const padded = [](coupleface::index_t number) {
    char text[32];
    std::snprintf(text, sizeof text, "%08lld", static_cast<long long>(number));
    return std::string(text);
  };
  std::vector<face_entry> entries;
  for (coupleface::index_t i = 0; i < set.size(); ++i) {
    auto person = padded(set.sample(i).label);
    auto const train = trains_by_name(person);
    auto path = person + "/" + padded(i);
    entries.push_back({file, std::move(path), std::move(person), train});
  }
  if (entries.empty()) throw std::runtime_error(file + ": no images");
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
        throw std::runtime_error(entry.where + ": " + entry.person + " is in both splits");
      }
    }
  }
  for (auto const& entry : entries) {
    auto const [earlier, added] = seen_paths.emplace(entry.path, entry.where);
    if (!added) {
      throw std::runtime_error(entry.where + ": " + entry.path + " was listed before, at " +
                               earlier->second);
    }
    faces.labels.push_back(ids.at(entry.person).first);
    faces.paths.push_back(entry.path);
    faces.is_train.push_back(entry.train ? 1 : 0);
  }
  return faces;
}

inline std::vector<std::uint8_t> read_bytes(std::string const& file) {
  std::error_code error;
  auto const size = std::filesystem::file_size(file, error);
  if (error) throw std::runtime_error(file + ": " + error.message());
  if (size > (std::uintmax_t{1} << 28)) throw std::runtime_error(file + ": larger than 256 MiB");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream) throw std::runtime_error(file + ": cannot be read");
  return bytes;
}

inline std::vector<std::uint8_t> bytes_of(coupleface::face_sample const& sample) {
  auto const* const first = sample.bytes.data_handle();
  return {first, first + sample.bytes.extent(0)};
}

inline int parse_index(std::string const& text, std::string const& where, char const* what) {
  bool const digits = !text.empty() && text.size() <= 9 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) throw std::runtime_error(where + ": " + what + " is '" + text + "', not a number");
  return std::stoi(text);
}

}  // namespace detail

/// @brief Reads all faces of a list, of folders named after people, or of an InsightFace training
/// set, as grey side x side images.
/// @param data_dir   where paths begin; or a .rec file
/// @param list_file  rows path,person[,split] in the order that the dataset keeps; empty: every
///                   data_dir/person/image, sorted, or all images of the .rec file. Without a split
///                   one person in five is dev.
/// @throws std::runtime_error  naming file, line or byte, and reason; nothing is skipped
inline face_dataset load_faces(std::string const& data_dir, std::string const& list_file,
                               int side) {
  if (side < 1 || side > max_image_side) {
    throw std::invalid_argument("load_faces: side is " + std::to_string(side));
  }
  std::optional<coupleface::record_set> set;
  if (std::filesystem::path(data_dir).extension() == ".rec") {
    if (!list_file.empty()) throw std::runtime_error(data_dir + ": takes no list");
    set.emplace(data_dir);
  }
  auto const entries = set                 ? detail::list_records(*set, data_dir)
                       : list_file.empty() ? detail::find_in_folders(data_dir)
                                           : detail::read_list(list_file);
  auto faces = detail::number_people(entries, side);
  faces.pixels.resize(entries.size() * faces.image_bytes());
  faces.sizes.resize(entries.size());
  for_each_index(faces.size(), [&](int i) {
    auto const file =
        set ? entries[i].path : (std::filesystem::path(data_dir) / entries[i].path).string();
    try {
      auto const bytes = set ? detail::bytes_of(set->sample(i)) : detail::read_bytes(file);
      int width = 0;
      int height = 0;
      auto const pixels = decode_grey(bytes.data(), bytes.size(), width, height, file);
      resize_area(pixels.data(), width, height, side, faces.image(i));
      faces.sizes[i] = {width, height};
    } catch (std::runtime_error const& error) {
      throw std::runtime_error(entries[i].where + ": " + error.what());
    }
  });
  return faces;
}

/// @brief Reads rows fold,a,b,same; a and b are paths as the dataset has them, same is 0 or 1.
/// @throws std::runtime_error  naming file, line and reason: unknown path, fold that is no number,
///                             a face paired with itself, `same` at odds with the people
inline std::vector<verification_pair> load_pairs(std::string const& file,
                                                 face_dataset const& faces) {
  auto const list = detail::read_table(file);
  if (list.header != std::vector<std::string>{"fold", "a", "b", "same"}) {
    throw std::runtime_error(file + ":1: the header must be fold,a,b,same");
  }
  std::unordered_map<std::string, int> rows;
  for (int i = 0; i < faces.size(); ++i) rows.emplace(faces.paths[i], i);
  std::vector<verification_pair> pairs;
  for (auto const& row : list.rows) {
    auto const row_of = [&](std::string const& path) {
      auto const found = rows.find(path);
      if (found == rows.end()) { throw std::runtime_error(row.where + ": unknown path " + path); }
      return found->second;
    };
    verification_pair pair;
    pair.fold = detail::parse_index(row.fields[0], row.where, "fold");
    pair.a = row_of(row.fields[1]);
    pair.b = row_of(row.fields[2]);
    if (row.fields[3] != "0" && row.fields[3] != "1") {
      throw std::runtime_error(row.where + ": same is '" + row.fields[3] + "', neither 0 nor 1");
    }
    pair.same = row.fields[3] == "1";
    if (pair.a == pair.b) throw std::runtime_error(row.where + ": a face paired with itself");
    if (pair.same != (faces.labels[pair.a] == faces.labels[pair.b])) {
      throw std::runtime_error(row.where + ": same is " + row.fields[3] + " for " +
                               faces.people[faces.labels[pair.a]] + " and " +
                               faces.people[faces.labels[pair.b]]);
    }
    pairs.push_back(pair);
  }
  return pairs;
}

}  // namespace train_student
