// SPDX-License-Identifier: Apache-2.0
// coupleface: InsightFace training sets: train.rec, train.idx and property in one folder.
//
// Record 0 holds two labels [a, b] and no image: images have the keys 1 ... a - 1, and a ... b - 1
// are one record for each identity, whose two labels are the range of its images' keys. Sets
// without such a record 0 (mxnet's im2rec) are images only. Source: ours (layout: insightface,
// src/data/face2rec2.py writes it, recognition/arcface_torch/dataset.py reads it).
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/record_index.hpp>
#include <coupleface/detail/io/record_set_output.hpp>
#include <coupleface/io/record_io.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// Content of the file `property`: classes, the extents of images, and optionally their number.
using record_property = detail::record_property;

/// @brief Consecutive samples of one person: [first, last).
struct identity_range {
  index_t first;
  index_t last;
};

/// @brief A training set, mapped. Everything const may be called from several threads at once.
class record_set {
 public:
  /// @param path the .rec file. Beside it the .idx of the same name; if that is missing, the whole
  ///   file is scanned once. `property` may be missing
  /// @throws std::runtime_error naming file, byte and reason, for a damaged index, record 0 or
  ///   property (also for a wrong number of images), and without an index for any damaged record.
  ///   Other records are checked when they are read
  /// @complexity O(records); 8 bytes of memory for each
  explicit record_set(std::string const& path)
      : reader_(path), property_(detail::read_property(detail::property_path(path))) {
    std::string const index = detail::index_path(path);
    bool const indexed = detail::is_there(index);
    layout_ = detail::lay_out_records(
        reader_.file_, indexed ? index : path,
        indexed ? detail::read_index(detail::mapped_file(index), reader_.file_->size())
                : detail::scan_records(reader_.file_));
    detail::expect_images(detail::property_path(path), property_, size());
  }

  /// Number of images.
  index_t size() const { return layout_.samples; }

  /// @brief Image i, 0 <= i < size(), in the order of keys; without record 0, of the file.
  /// @throws std::invalid_argument for another i, std::runtime_error if the record is damaged
  packed_record record(index_t i) const {
    detail::expect(i >= 0 && i < size(), "record_set::record", "there is no such image");
    return reader_.at(layout_.offsets[static_cast<std::size_t>(i)]);
  }

  /// @brief Image i; its label is the first of the record's.
  /// @throws std::runtime_error also if that is not an integer within 2^24
  face_sample sample(index_t i) const {
    packed_record const found = record(i);
    return {found.bytes, detail::integral_label(reader_.path(), found.offset, found.labels(0)),
            found.owner};
  }

  /// Number of identity records; 0 for a set without record 0.
  index_t identities() const { return index_t(layout_.offsets.size()) - size(); }

  /// @brief The samples of identity k, 0 <= k < identities(). Beyond 2^24 images the format's
  /// floats round ranges: by 1 up to 2^25, by 2 up to 2^26, and so on.
  /// @throws std::invalid_argument for another k, std::runtime_error if its record has no range
  ///   within the images
  identity_range identity(index_t k) const {
    detail::expect(k >= 0 && k < identities(), "record_set::identity", "there is none of that k");
    packed_record const found = reader_.at(layout_.offsets[static_cast<std::size_t>(size() + k)]);
    if (found.labels.extent(0) != 2) {
      detail::fail_file(reader_.path(), found.offset, "an identity's record without two labels");
    }
    auto const key = [&](index_t which) {
      index_t const written = detail::integral_label(reader_.path(), found.offset,
                                                     found.labels(which), detail::largest_key);
      bool const near = written - detail::key_rounding(written) <= size() + 1;
      return near ? std::min(written, size() + 1) : written;
    };
    index_t const first = key(0);
    index_t const last = key(1);
    if (first < 1 || last < first || last > size() + 1) {
      detail::fail_file(reader_.path(), found.offset,
                        "an identity with the keys " + std::to_string(first) + " to " +
                            std::to_string(last) + " of " + std::to_string(size()) + " images");
    }
    return {first - 1, last - 1};
  }

  /// Empty if there is no such file.
  std::optional<record_property> const& property() const { return property_; }

 private:
  record_io_reader reader_;
  std::optional<record_property> property_;
  detail::record_layout layout_;
};

/// @brief Writes a training set: `path` (ending in .rec), the .idx beside it and `property` in the
/// same folder. commit() makes each file appear, whole and synced, the .rec file last. Without
/// commit() nothing changes there and no temporary file remains.
class record_set_writer {
 public:
  /// @param height, width extents of the images, for `property`; not checked against the images
  /// @throws std::invalid_argument for negative extents, std::runtime_error if the system refuses
  record_set_writer(std::string const& path, index_t height, index_t width)
      : output_(checked(path, height, width), height, width) {}

  /// @brief Writes an image. Consecutive ones with one label become an identity, so a person's
  /// images should follow each other.
  /// @throws std::invalid_argument unless 0 <= label <= 2^24; std::runtime_error naming file, byte
  ///   and reason beyond 2^24 images and identities or if the system refuses
  void append(byte_view image, index_t label) {
    detail::expect_view("record_set_writer::append", "image", image);
    detail::expect(image.extent(0) > 0, "record_set_writer::append", "the image has no bytes");
    detail::expect(label >= 0 && label <= detail::largest_float_label, "record_set_writer::append",
                   "the label is negative or over 2^24");
    output_.append(image, label);
  }

  /// @brief Writes ranges and record 0, and renames the files to their paths. Call it once.
  /// @throws std::runtime_error if the system refuses
  void commit() { output_.commit(); }

 private:
  static std::string const& checked(std::string const& path, index_t height, index_t width) {
    detail::expect(height >= 0 && width >= 0, "record_set_writer", "an extent is negative");
    return path;
  }

  detail::record_set_output output_;
};

COUPLEFACE_NAMESPACE_END
