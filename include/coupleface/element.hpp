// SPDX-License-Identifier: Apache-2.0
// coupleface: element types. float and double, and two-byte storage types that need no CUDA.
//
// Everything is computed in the accumulator type or wider; a storage type is only read and written.
#pragma once

#include <coupleface/config.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

COUPLEFACE_PRECISE_BEGIN
namespace coupleface {

namespace element_bits {

// nvcc lets device code read such constants, but not call the functions that they come from.
inline constexpr double largest_float = std::numeric_limits<float>::max();

COUPLEFACE_HOST_DEVICE inline std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

COUPLEFACE_HOST_DEVICE inline float float_of(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// Rounding a double to float and then to 16 bits would round twice. Rounding to odd first keeps the
// lost bits visible in the last place, so the second rounding decides as if it had seen them all.
COUPLEFACE_HOST_DEVICE inline float round_to_odd(double x) {
  float const nearest = static_cast<float>(x);
  if (!(std::fabs(x) <= largest_float) || double(nearest) == x) { return nearest; }
  std::uint32_t bits = bits_of(nearest);
  if (bits & 1u) { return nearest; }
  bool const away = std::fabs(double(nearest)) < std::fabs(x);
  return float_of(away ? bits + 1 : bits - 1);
}

COUPLEFACE_HOST_DEVICE inline std::uint16_t half_bits(float x) {
  std::uint32_t const bits = bits_of(x);
  std::uint32_t const sign = (bits >> 16) & 0x8000u;
  std::uint32_t const magnitude = bits & 0x7fffffffu;
  std::uint32_t result;
  if (magnitude >= 0x7f800000u) {  // infinity, NaN (kept quiet)
    result = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
  } else if (magnitude >= 0x477ff000u) {  // rounds to 65536 or more
    result = 0x7c00u;
  } else if (magnitude < 0x38800000u) {  // subnormal: let the float adder round at 2^-24
    result = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f);
  } else {
    result = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | result);
}

COUPLEFACE_HOST_DEVICE inline float float_of_half(std::uint16_t half_bits) {
  std::uint32_t const sign = (half_bits & 0x8000u) << 16;
  std::uint32_t const magnitude = half_bits & 0x7fffu;
  // Multiplying by 2^112 moves the exponent's bias and normalises subnormals in one exact step.
  float const scaled = float_of(magnitude << 13) * 0x1p112f;
  std::uint32_t const special = magnitude >= 0x7c00u ? 0x7f800000u : 0u;
  return float_of(sign | bits_of(scaled) | special);
}

COUPLEFACE_HOST_DEVICE inline std::uint16_t bfloat16_bits(float x) {
  std::uint32_t const bits = bits_of(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  }
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace element_bits

/// @brief IEEE binary16 as storage: converts to float, is made from double with one rounding (to
/// nearest, ties to even). Same bits as numpy's float16 and CUDA's __half.
struct float16 {
  std::uint16_t bits;

  float16() = default;
  COUPLEFACE_HOST_DEVICE explicit float16(double x)
      : bits(element_bits::half_bits(element_bits::round_to_odd(x))) {}
  COUPLEFACE_HOST_DEVICE operator float() const { return element_bits::float_of_half(bits); }
};

/// @brief The upper 16 bits of a float as storage, rounded to nearest, ties to even.
struct bfloat16 {
  std::uint16_t bits;

  bfloat16() = default;
  COUPLEFACE_HOST_DEVICE explicit bfloat16(double x)
      : bits(element_bits::bfloat16_bits(element_bits::round_to_odd(x))) {}
  COUPLEFACE_HOST_DEVICE operator float() const {
    return element_bits::float_of(static_cast<std::uint32_t>(bits) << 16);
  }
};

/// @brief Is `T` an element type of the library? True for float, double, float16, bfloat16 and
/// every two-byte class that converts to float and back (__half, Eigen::half, at::Half, ...).
template <class T>
struct is_element
    : std::bool_constant<
          std::is_same_v<T, float> || std::is_same_v<T, double> ||
          (std::is_class_v<T> && sizeof(T) == 2 && std::is_constructible_v<float, T const&> &&
           (std::is_constructible_v<T, float> || std::is_constructible_v<T, double>))> {};

/// @brief double for double, float for everything else.
template <class T>
using accumulator_t =
    std::conditional_t<std::is_same_v<std::remove_cv_t<T>, double>, double, float>;

}  // namespace coupleface
COUPLEFACE_PRECISE_END
