// SPDX-License-Identifier: Apache-2.0
// coupleface: the logarithm in a form that compilers vectorise.
#pragma once

#include <coupleface/config.hpp>

#include <cstdint>
#include <cstring>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// log(x) of a positive normal number, with absolute error 2^-51 (1 + |log x|); NaN for NaN. Any
/// other x gives some number.
///
/// x = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1), whose
/// series in s^2 <= 0.0295 ends where terms fall below half a unit of the last place.
COUPLEFACE_HOST_DEVICE inline double logarithm(double x) {
  constexpr std::uint64_t half_root = 0x3fe6a09e667f3bcd;  // sqrt(1/2)
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  // Subtracting sqrt(1/2)'s bits moves the exponent where the mantissa passes it.
  std::uint64_t const moved = bits - half_root + (std::uint64_t(1023) << 52);
  std::uint64_t const exponent = moved >> 52;
  std::uint64_t const mantissa = bits - ((exponent - 1023) << 52);
  // A double whose lowest bits are the exponent, minus what was added to put them there.
  std::uint64_t const shifted = 0x4330000000000000 | exponent;
  double e, m;
  std::memcpy(&e, &shifted, sizeof e);
  std::memcpy(&m, &mantissa, sizeof m);
  e -= 0x1p52 + 1023;
  double const s = (m - 1) / (m + 1), z = s * s;
  double series = 1.0 / 21;
  series = series * z + 1.0 / 19;
  series = series * z + 1.0 / 17;
  series = series * z + 1.0 / 15;
  series = series * z + 1.0 / 13;
  series = series * z + 1.0 / 11;
  series = series * z + 1.0 / 9;
  series = series * z + 1.0 / 7;
  series = series * z + 1.0 / 5;
  series = series * z + 1.0 / 3;
  double const value = e * 0.6931471805599453 + 2 * (s + s * z * series);
  return x == x ? value : x;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
