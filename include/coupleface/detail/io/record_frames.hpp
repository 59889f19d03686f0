// SPDX-License-Identifier: Apache-2.0
// coupleface: the framing of records in a RecordIO file.
//
// A part: magic, a word of 3 bits kind and 29 bits length, the bytes, zeros up to a multiple of 4.
// If a record contains the magic at a multiple of 4, it is split there and the magic left out.
// Source: ours (format: dmlc-core, recordio.h and recordio.cc).
#pragma once

#include <coupleface/detail/io/atomic_file.hpp>
#include <coupleface/detail/io/file.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/view.hpp>

#include <cstring>
#include <memory>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "coupleface: RecordIO files are read and written on little-endian machines only"
#endif

inline constexpr std::uint32_t record_magic = 0xced7230a;
inline constexpr std::uint32_t longest_part = (std::uint32_t(1) << 29) - 1;

enum class record_part : std::uint32_t { whole, first, middle, last };

template <class T>
T load_as(unsigned char const* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

struct record_frame {
  record_part part;
  unsigned char const* data;
  std::size_t size;
  std::uint64_t end;  ///< where the next one begins
};

inline record_frame read_frame(mapped_file const& file, std::uint64_t offset) {
  if (offset % 4 != 0) { fail_file(file.path(), offset, "no record begins off a multiple of 4"); }
  if (offset > file.size() || file.size() - offset < 8) {
    fail_file(file.path(), offset, "file ends where the 8 bytes before a record should be");
  }
  unsigned char const* const head = file.data() + offset;
  if (load_as<std::uint32_t>(head) != record_magic) {
    fail_file(file.path(), offset, "no record begins here: the magic is missing");
  }
  auto const word = load_as<std::uint32_t>(head + 4);
  std::uint32_t const kind = word >> 29;
  std::size_t const size = word & longest_part;
  std::size_t const padded = (size + 3) / 4 * 4;
  std::size_t const present = static_cast<std::size_t>(file.size() - offset - 8);
  if (kind > 3) {
    fail_file(file.path(), offset + 4, "unknown kind of part " + std::to_string(kind));
  }
  if (padded > present) {
    fail_file(
        file.path(), offset + 4,
        "record of " + std::to_string(size) + " bytes, but " + std::to_string(present) + " follow");
  }
  return {static_cast<record_part>(kind), head + 8, size, offset + 8 + padded};
}

/// A record's bytes, in the map or, if it has several parts, joined in their own memory.
struct record_bytes {
  std::uint64_t begin;
  std::uint64_t end;
  vector_view<std::uint8_t const> bytes;
  std::shared_ptr<void const> owner;
};

inline record_bytes join_record(mapped_file const& file, std::uint64_t begin, record_frame frame) {
  auto const joined = std::make_shared<std::vector<unsigned char>>();
  auto const* const magic = reinterpret_cast<unsigned char const*>(&record_magic);
  joined->assign(frame.data, frame.data + frame.size);
  while (frame.part != record_part::last) {
    std::uint64_t const at = frame.end;
    frame = read_frame(file, at);
    if (frame.part != record_part::middle && frame.part != record_part::last) {
      fail_file(file.path(), at,
                "a new record begins, but the one at byte " + std::to_string(begin) +
                    " lacks its last part");
    }
    joined->insert(joined->end(), magic, magic + sizeof record_magic);
    joined->insert(joined->end(), frame.data, frame.data + frame.size);
  }
  return {begin, frame.end, {joined->data(), static_cast<index_t>(joined->size())}, joined};
}

inline record_bytes read_record(std::shared_ptr<mapped_file const> const& file,
                                std::uint64_t offset) {
  record_frame const frame = read_frame(*file, offset);
  if (frame.part == record_part::whole) {
    return {offset, frame.end, {frame.data, static_cast<index_t>(frame.size)}, file};
  }
  if (frame.part != record_part::first) {
    fail_file(file->path(), offset, "a later part of a record whose first is not before it");
  }
  return join_record(*file, offset, frame);
}

inline void write_part(atomic_file& file, record_part part, unsigned char const* data,
                       std::size_t size) {
  if (size > longest_part) {
    fail_file(file.path(), file.offset(), "a record's part would be 2^29 bytes or longer");
  }
  std::uint32_t const head[2] = {
      record_magic, static_cast<std::uint32_t>(part) << 29 | static_cast<std::uint32_t>(size)};
  unsigned char const zeros[3] = {};
  file.write(head, sizeof head);
  file.write(data, size);
  file.write(zeros, (4 - size % 4) % 4);
}

inline void write_record(atomic_file& file, unsigned char const* data, std::size_t size) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i + 4 <= size; i += 4) {
    if (load_as<std::uint32_t>(data + i) != record_magic) { continue; }
    write_part(file, begin == 0 ? record_part::first : record_part::middle, data + begin,
               i - begin);
    begin = i + 4;
  }
  write_part(file, begin == 0 ? record_part::whole : record_part::last, data + begin, size - begin);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
