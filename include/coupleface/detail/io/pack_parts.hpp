// SPDX-License-Identifier: Apache-2.0
// coupleface: reads the parts of a verification pack from its pickle, and writes them.
#pragma once

#include <coupleface/detail/io/atomic_file.hpp>
#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/pickle_reader.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct byte_range {
  std::uint64_t begin;
  std::uint64_t size;
};

struct pack_parts {
  std::vector<byte_range> images;
  std::vector<unsigned char> same;  ///< 0 or 1, one per two images
};

inline char const* described(pickle_kind kind) {
  switch (kind) {
    case pickle_kind::bytes:
      return "a byte string";
    case pickle_kind::text:
      return "text";
    case pickle_kind::integer:
      return "a bool or integer";
    case pickle_kind::sequence:
      return "a list or tuple";
    case pickle_kind::array:
      return "a NumPy array";
    case pickle_kind::name:
      return "a name of Python's";
    case pickle_kind::type:
      return "a NumPy type";
    case pickle_kind::none:
      return "None";
    default:
      return "nothing";
  }
}

inline void expect_kind(mapped_file const& file, pickle_value const& value, pickle_kind kind,
                        char const* what) {
  if (value.kind != kind) {
    fail_file(file.path(), value.begin,
              std::string(what) + " is " + described(value.kind) + ", not " + described(kind));
  }
}

inline unsigned char pack_label(mapped_file const& file, std::uint64_t at, std::int64_t label) {
  if (label != 0 && label != 1) {
    fail_file(file.path(), at, "a label is " + std::to_string(label) + ", neither 0 nor 1");
  }
  return static_cast<unsigned char>(label);
}

/// An array's type and bytes; throws if the array was never filled.
inline pickle_array filled(mapped_file const& file, pickle_machine const& machine,
                           pickle_value const& value) {
  pickle_array const array = machine.array(value);
  if (array.bytes.kind == pickle_kind::nothing) {
    fail_file(file.path(), value.begin, "a NumPy array has no data");
  }
  return array;
}

inline byte_range pack_image(mapped_file const& file, pickle_machine const& machine,
                             pickle_value image) {
  if (image.kind == pickle_kind::array) {
    pickle_array const array = filled(file, machine, image);
    if (machine.characters(array.type) != "u1") {
      fail_file(file.path(), image.begin,
                "an image is a NumPy array of '" + std::string(machine.characters(array.type)) +
                    "', not of bytes ('u1')");
    }
    image = array.bytes;
  }
  expect_kind(file, image, pickle_kind::bytes, "an image");
  return {image.begin, static_cast<std::uint64_t>(image.payload)};
}

/// Labels as a list or tuple, or as a NumPy array.
inline std::vector<unsigned char> pack_labels(mapped_file const& file,
                                              pickle_machine const& machine,
                                              pickle_value const& labels) {
  std::vector<unsigned char> same;
  if (labels.kind == pickle_kind::array) {
    pickle_array const array = filled(file, machine, labels);
    std::string_view const code = machine.characters(array.type);
    auto const size = static_cast<std::uint64_t>(array.bytes.payload);
    for (std::uint64_t at = 0; at < size; at += integer_bytes(code)) {
      std::uint64_t const begin = array.bytes.begin + at;
      same.push_back(pack_label(file, begin, integer_of(file.data() + begin, code)));
    }
    return same;
  }
  expect_kind(file, labels, pickle_kind::sequence, "a part of the pack");
  for (pickle_value const& label : machine.items(labels)) {
    expect_kind(file, label, pickle_kind::integer, "a label");
    same.push_back(pack_label(file, label.begin, label.payload));
  }
  return same;
}

inline pack_parts read_pack(mapped_file const& file) {
  pickle_reader reader(file);
  pickle_value const pack = reader.read();
  pickle_machine const& machine = reader.machine();
  expect_kind(file, pack, pickle_kind::sequence, "the pack");
  auto const& halves = machine.items(pack);
  if (halves.size() != 2) {
    fail_file(file.path(), pack.begin,
              "the pack has " + std::to_string(halves.size()) + " parts, not images and labels");
  }
  expect_kind(file, halves[0], pickle_kind::sequence, "a part of the pack");
  pack_parts parts;
  for (pickle_value const& image : machine.items(halves[0])) {
    parts.images.push_back(pack_image(file, machine, image));
  }
  parts.same = pack_labels(file, machine, halves[1]);
  if (parts.images.size() != 2 * parts.same.size()) {
    fail_file(file.path(), pack.begin,
              std::to_string(parts.images.size()) + " images for " +
                  std::to_string(parts.same.size()) + " pairs");
  }
  return parts;
}

inline void begin_pack(atomic_file& file, int protocol) {
  char const head[4] = {'\x80', static_cast<char>(protocol), ']', '('};
  file.write(head, sizeof head);
}

/// SHORT_BINBYTES, BINBYTES or BINBYTES8; with protocol 2 SHORT_BINSTRING or BINSTRING.
inline void write_pack_bytes(atomic_file& file, int protocol,
                             vector_view<std::uint8_t const> bytes) {
  auto const size = static_cast<std::uint64_t>(bytes.extent(0));
  bool const python_2 = protocol == 2;
  std::size_t const width = size < 256 ? 1 : python_2 || size >> 32 == 0 ? 4 : 8;
  char head[9] = {width == 1   ? (python_2 ? 'U' : 'C')
                  : width == 4 ? (python_2 ? 'T' : 'B')
                               : '\x8e'};
  for (std::size_t k = 0; k < width; ++k) { head[1 + k] = static_cast<char>(size >> (8 * k)); }
  file.write(head, 1 + width);
  file.write(bytes.data_handle(), static_cast<std::size_t>(size));
}

inline void end_pack(atomic_file& file, std::vector<unsigned char> const& same) {
  file.write("e](", 3);
  for (unsigned char const one : same) { file.write(one != 0 ? "\x88" : "\x89", 1); }
  file.write("e\x86.", 3);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
