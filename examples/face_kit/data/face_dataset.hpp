// SPDX-License-Identifier: Apache-2.0
// The face table: small grey images with people and splits, read from folders, lists or
// InsightFace's train.rec.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "face_kit/data/for_each_index.hpp"
#include "face_kit/data/image_decoding.hpp"
#include "face_kit/image/resize_area.hpp"

namespace face_kit {

struct image_size {
  int width = 0, height = 0;
};

/// An image that cannot be decoded.
struct left_out_image {
  int row = 0;  ///< in list, folder or pack
  std::string path, reason;
};

/// Faces of one size. People of the train split have the ids 0 .. train_people() - 1, so that the
/// labels of training faces are class numbers; people of the dev split follow.
struct face_dataset {
  int side = 0;
  std::vector<std::uint8_t> pixels;    ///< [n, side, side], row-major
  std::vector<std::int32_t> labels;    ///< [n], index into `people`
  std::vector<std::string> paths;      ///< [n], as the list names them
  std::vector<std::string> people;     ///< [classes]
  std::vector<std::int32_t> families;  ///< [classes], equal for relatives; empty: unknown
  std::vector<std::uint8_t> is_train;  ///< [n], 1 = train split, 0 = dev; a person is in one split
  std::vector<image_size> sizes;       ///< [n], of the image files; empty where there are none
  std::vector<int> rows;               ///< [n], row of each in list or folder, -1: in neither;
                                       ///< empty: row i is face i
  int listed = 0;                      ///< images in list or folder, if `rows` is not empty
  std::vector<left_out_image> undecodable;  ///< in list or folder, but left out here
  std::vector<std::string> no_images;       ///< files of the folder that are no images
  std::string out;  ///< folder of undecodable.txt, if somebody lists these images

  int size() const { return static_cast<int>(labels.size()); }
  /// Rows of a file with one row per image of list or folder.
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

namespace detail {

/// A face before its pixels are read.
struct face_entry {
  std::string where;  ///< prefix for messages, ending in a colon; empty if the path suffices
  std::string path;
  std::string person;
  bool train;
};

/// The default split: one person in five is held out, by a hash (FNV-1a) of the name. The choice
/// does not depend on the order of files, and does not change when people are added.
bool trains_by_name(std::string const& person);

/// Decodes every image of `source`; returns why each one failed, an empty string if it did not.
template <class Source>
std::vector<std::string> read_pixels(Source const& source, std::vector<face_entry> const& entries,
                                     bool skip_undecodable, face_dataset& faces) {
  std::vector<std::string> reasons(entries.size());
  for_each_index(faces.size(), [&](int i) {
    auto const k = static_cast<std::size_t>(i);
    auto const sample = source.sample(i);
    try {
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

}  // namespace detail

/// @brief Reads all faces of a list, of folders named after people, or of an InsightFace training
/// set, as grey side x side images.
/// @param data  a folder or file, as convert_faces takes them; with a list: the base of relative
/// paths
/// @param list_file  a list as convert_faces takes it, whose order the dataset keeps. A column
/// `split` says train or dev; without it one person in five is dev.
/// @param skip_undecodable  leaves out images that cannot be decoded, and names them in
/// `undecodable`
/// @throws std::runtime_error  naming file, line or byte, and reason
face_dataset load_faces(std::string const& data, std::string const& list_file, int side,
                        bool skip_undecodable = false);

/// Writes why each image was left out, a line for each.
void write_undecodable(std::string const& file, std::vector<left_out_image> const& images);

/// Warns about what is missing from the folder or list: one line for files that are not images, one
/// for images that cannot be decoded; out/undecodable.txt lists the latter.
void warn_of_left_out(std::string const& data, face_dataset const& faces, std::string const& out);

}  // namespace face_kit
