// SPDX-License-Identifier: Apache-2.0
// coupleface: the kinds of values in a restricted pickle, and the names and types of NumPy in it.
#pragma once

#include <coupleface/config.hpp>

#include <cstdint>
#include <cstring>
#include <string_view>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// `name`: a callable that Python would import. `type`: a NumPy dtype.
enum class pickle_kind { mark, bytes, text, integer, sequence, none, name, type, array, nothing };

/// @brief A value or a mark. `begin`: offset of its opcode; for bytes, text and a type's code,
/// offset of their first byte.
struct pickle_value {
  pickle_kind kind;
  std::uint64_t begin;
  std::int64_t payload;  ///< size of bytes, text and code; value of an integer; else an index
};

/// @brief A NumPy array; its parts have kind `nothing` until they are known.
struct pickle_array {
  pickle_value type;
  pickle_value bytes;
};

enum class pickle_name { reconstruct, from_buffer, scalar, ndarray, dtype, byte_array };

struct known_pickle_name {
  char const* module;
  char const* attribute;
  pickle_name name;
};

inline constexpr known_pickle_name known_pickle_names[] = {
    {"numpy.core.multiarray", "_reconstruct", pickle_name::reconstruct},
    {"numpy._core.multiarray", "_reconstruct", pickle_name::reconstruct},
    {"numpy.core.numeric", "_frombuffer", pickle_name::from_buffer},
    {"numpy._core.numeric", "_frombuffer", pickle_name::from_buffer},
    {"numpy.core.multiarray", "scalar", pickle_name::scalar},
    {"numpy._core.multiarray", "scalar", pickle_name::scalar},
    {"numpy", "ndarray", pickle_name::ndarray},
    {"numpy", "dtype", pickle_name::dtype},
    {"builtins", "bytearray", pickle_name::byte_array},
    {"__builtin__", "bytearray", pickle_name::byte_array}};

/// Bytes per element of NumPy's type `code` ('u1', 'b1', 'i8', ...); 0 if it is not an integer
/// type.
inline std::uint64_t integer_bytes(std::string_view code) {
  bool const known = code.size() == 2 && std::strchr("bui", code[0]) != nullptr &&
                     std::strchr("1248", code[1]) != nullptr && (code[0] != 'b' || code[1] == '1');
  return known ? static_cast<std::uint64_t>(code[1] - '0') : 0;
}

/// The little-endian integer at `data`.
inline std::int64_t integer_of(unsigned char const* data, std::string_view code) {
  std::uint64_t const bytes = integer_bytes(code);
  std::uint64_t value = 0;
  for (std::uint64_t k = 0; k < bytes; ++k) { value |= std::uint64_t(data[k]) << (8 * k); }
  bool const negative = code[0] == 'i' && (value >> (8 * bytes - 1)) != 0;
  if (negative && bytes < 8) { value |= ~std::uint64_t(0) << (8 * bytes); }
  return static_cast<std::int64_t>(value);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
