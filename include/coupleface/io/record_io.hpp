// SPDX-License-Identifier: Apache-2.0
// coupleface: RecordIO files (.rec) of packed images, without MXNet.
//
// Each record holds labels (floats), two ids and the bytes of an encoded image. A malformed file
// throws std::runtime_error with its name, the byte and the reason. Lengths are checked against the
// file before they are used. Source: ours (formats: dmlc-core recordio.h, mxnet recordio.py). A
// whole training set with its index is record_set (io/record_set.hpp).
#pragma once

#include <coupleface/detail/io/atomic_file.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/packed_label.hpp>
#include <coupleface/error.hpp>
#include <coupleface/io/face_sample.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief A record. Views are valid as long as a copy of `owner`. The bytes are in the mapped file,
/// or in a copy if the record was written in several parts.
struct packed_record {
  std::uint64_t offset = 0;  ///< where it begins in the file
  std::uint32_t flag = 0;    ///< 0: one label in the head; else the number of labels after it
  vector_view<float const> labels;  ///< [flag], or [1]
  std::uint64_t id = 0, id2 = 0;
  byte_view bytes;
  std::shared_ptr<void const> owner;
};

/// @brief Reads records in the order of the file, or from any offset of an index. The file is
/// mapped and must not be shortened.
class record_io_reader {
 public:
  /// @throws std::runtime_error if the file cannot be mapped
  explicit record_io_reader(std::string const& path)
      : file_(std::make_shared<detail::mapped_file const>(path)) {}

  /// @brief The record at offset(), which moves to the next. After a throw it has not moved.
  /// @throws std::runtime_error naming file, byte and reason; at the end of the file too
  packed_record read() { return read_at(offset_, offset_); }

  /// @brief The record that begins at `offset`; callable from several threads at once.
  /// @throws std::runtime_error as read()
  packed_record at(std::uint64_t offset) const {
    std::uint64_t end = 0;
    return read_at(offset, end);
  }

  std::string const& path() const { return file_->path(); }
  std::uint64_t offset() const { return offset_; }
  bool at_end() const { return offset_ == file_->size(); }

 private:
  friend class record_set;
  packed_record read_at(std::uint64_t const offset, std::uint64_t& end) const {
    detail::record_bytes const bytes = detail::read_record(file_, offset);
    detail::packed_head const head = detail::unpack_head(file_->path(), bytes);
    end = bytes.end;
    return {bytes.begin, head.flag, head.labels, head.id, head.id2, head.bytes, bytes.owner};
  }

  std::shared_ptr<detail::mapped_file const> file_;
  std::uint64_t offset_ = 0;
};

/// @brief Writes consecutive records. commit() makes the file appear at its path, whole and synced.
/// Without commit() nothing changes there and no temporary file remains.
class record_io_writer {
 public:
  /// @param path new or existing file; anything other than a file is refused
  explicit record_io_writer(std::string path) : file_(std::move(path)) {}

  /// @brief Writes a record with one label or more; a single label goes into its head.
  /// @returns the record's offset, for an index
  /// @throws std::invalid_argument for invalid views or without a label; std::runtime_error naming
  ///   file, byte and reason if a part would reach 2^29 bytes or the system refuses
  std::uint64_t write(vector_view<float const> labels, std::uint64_t id, byte_view bytes) {
    detail::expect_view("record_io_writer::write", "labels", labels);
    detail::expect_view("record_io_writer::write", "bytes", bytes);
    detail::expect(labels.extent(0) > 0, "record_io_writer::write", "there is no label");
    std::uint64_t const offset = file_.offset();
    detail::pack_record(record_, labels, id, bytes);
    detail::write_record(file_, record_.data(), record_.size());
    return offset;
  }

  /// @brief Renames the file to its path. @throws std::runtime_error if the system refuses
  void commit() { file_.commit(); }

 private:
  detail::atomic_file file_;
  std::vector<unsigned char> record_;
};

COUPLEFACE_NAMESPACE_END
