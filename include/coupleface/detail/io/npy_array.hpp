// SPDX-License-Identifier: Apache-2.0
// coupleface: the elements of a .npy array: type, location, and how they are written.
#pragma once

#include <coupleface/detail/io/mapped_file.hpp>
#include <coupleface/detail/io/npy_header.hpp>
#include <coupleface/element.hpp>

#include <memory>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "coupleface: .npy files are read and written on little-endian machines only"
#endif

/// The letter of a type in numpy's type strings; 0 for a type that has none.
template <class T>
constexpr char npy_letter() {
  if (std::is_same_v<T, bool>) { return 'b'; }
  if (std::is_integral_v<T>) { return std::is_signed_v<T> ? 'i' : 'u'; }
  if (std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, float16>) {
    return 'f';
  }
  return std::is_same_v<T, bfloat16> ? 'V' : '\0';
}

/// "<f4" for float. `AsBits` (bfloat16 only) selects the unsigned integer of the same bits.
template <class T, bool AsBits>
std::string npy_type() {
  static_assert(npy_letter<T>() != '\0', "coupleface::npy: no type of numpy has these elements");
  static_assert(!AsBits || std::is_same_v<T, bfloat16>,
                "coupleface::npy: bits_as_uint16 is for bfloat16, which numpy has no type for");
  char const letter = AsBits ? 'u' : npy_letter<T>();
  char const order = sizeof(T) == 1 || letter == 'V' ? '|' : '<';
  return std::string{order, letter, static_cast<char>('0' + sizeof(T))};
}

/// Throws unless the file's type is `wanted` and its memory order is the one views need.
inline void expect_npy_type(std::string const& path, std::uint64_t offset, npy_header const& header,
                            std::string const& wanted) {
  std::string const& type = header.type;
  bool const order_matters = wanted[0] == '<';
  if (type.size() != 3 || type.substr(1) != wanted.substr(1) ||
      (order_matters ? type[0] != '<' && type[0] != '>' : !std::strchr("<>|=", type[0]))) {
    fail_file(path, offset, "elements are '" + type + "', not '" + wanted + "'");
  }
  if (order_matters && type[0] == '>') {
    fail_file(path, offset, "elements are big-endian ('" + type + "'), not '" + wanted + "'");
  }
  if (header.fortran_order) {
    fail_file(path, offset, "array is in Fortran order; save numpy.ascontiguousarray(...) of it");
  }
}

/// @brief Elements in the mapped file, or in a copy if they are misaligned there.
struct npy_elements {
  npy_header header;
  std::shared_ptr<void const> owner;
  void const* data = nullptr;
  std::uint64_t end = 0;  ///< where the next array begins
};

/// The array that begins at `offset` of the file.
template <class T, bool AsBits>
npy_elements locate_npy(std::shared_ptr<mapped_file const> const& file, std::uint64_t offset) {
  std::string const& path = file->path();
  npy_elements array;
  array.header = parse_npy_header(path, offset, file->data() + offset, file->size() - offset);
  expect_npy_type(path, offset, array.header, npy_type<T, AsBits>());
  std::uint64_t const begin = offset + array.header.bytes;
  std::uint64_t const present = file->size() - begin;
  auto const elements = static_cast<std::uint64_t>(array.header.elements);
  if (elements > present / sizeof(T)) {
    fail_file(path, begin,
              "header promises " + std::to_string(elements) + " elements of " +
                  std::to_string(sizeof(T)) + " bytes, but " + std::to_string(present) +
                  " bytes follow");
  }
  std::size_t const size = static_cast<std::size_t>(elements) * sizeof(T);
  unsigned char const* const data = file->data() + begin;
  array.end = begin + size;
  array.owner = file;
  array.data = data;
  if (reinterpret_cast<std::uintptr_t>(data) % alignof(T) != 0) {
    std::shared_ptr<unsigned char[]> const copy(new unsigned char[size]);
    if (size > 0) { std::memcpy(copy.get(), data, size); }
    array.owner = copy;
    array.data = copy.get();
  }
  for (std::size_t i = 0; std::is_same_v<T, bool> && i < size; ++i) {
    if (data[i] > 1) { fail_file(path, begin + i, "a bool that is neither 0 nor 1"); }
  }
  return array;
}

inline void expect_end_of_file(mapped_file const& file, std::uint64_t end) {
  if (end != file.size()) {
    fail_file(file.path(), end, std::to_string(file.size() - end) + " bytes behind the last array");
  }
}

/// Header, version 1.0, of an array written at `offset`. It is padded so that the elements start at
/// a multiple of 64 bytes in the file, even after other arrays.
inline std::string make_npy_header(std::string const& type, std::string const& shape,
                                   std::uint64_t offset) {
  std::string text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  std::size_t const filled = static_cast<std::size_t>((offset + 10 + text.size() + 1) % 64);
  text.append((64 - filled) % 64, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
