// coupleface: a verification pack out of its pickle, and into one.
#pragma once

#include <coupleface/detail/io/pickle_reader.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct byte_range {
  std::uint64_t begin;
  std::uint64_t size;
};

struct pack_parts {
  std::vector<byte_range> images;
  std::vector<unsigned char> same;  ///< 0 or 1, for every two images
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

inline unsigned char pack_label(mapped_file const& file, pickle_value const& value) {
  expect_kind(file, value, pickle_kind::integer, "a label");
  if (value.payload != 0 && value.payload != 1) {
    fail_file(file.path(), value.begin,
              "a label is " + std::to_string(value.payload) + ", neither 0 nor 1");
  }
  return static_cast<unsigned char>(value.payload);
}

inline pack_parts read_pack(mapped_file const& file) {
  pickle_reader reader(file);
  pickle_value const pack = reader.read();
  expect_kind(file, pack, pickle_kind::sequence, "the pack");
  auto const& halves = reader.items(pack);
  if (halves.size() != 2) {
    fail_file(file.path(), pack.begin,
              "the pack has " + std::to_string(halves.size()) + " parts, not images and labels");
  }
  for (pickle_value const& half : halves) {
    expect_kind(file, half, pickle_kind::sequence, "a part of the pack");
  }
  pack_parts parts;
  for (pickle_value const& image : reader.items(halves[0])) {
    expect_kind(file, image, pickle_kind::bytes, "an image");
    parts.images.push_back({image.begin, static_cast<std::uint64_t>(image.payload)});
  }
  for (pickle_value const& same : reader.items(halves[1])) {
    parts.same.push_back(pack_label(file, same));
  }
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
