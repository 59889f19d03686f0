// SPDX-License-Identifier: Apache-2.0
// coupleface: the exponential for arguments up to 0, in a form that compilers vectorise.
#pragma once

#include <coupleface/element.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// exp(x) for x <= 88 with relative error 2^-23; exactly 1 for 0, 0 below -86, NaN for NaN.
///
/// x = n ln 2 + r; 2^n goes into the exponent, and exp(r) = 1 + r + r^2 q(r), where the polynomial
/// q minimises the relative error on |r| <= ln(2) / 2: 3.1e-9, a twentieth of the rounding error.
inline float exponential(float x) {
  constexpr float to_integer = 0x1.8p23f;  // leaves the rounded n in the lowest bits
  float const shifted = x * 0x1.715476p+0f + to_integer;
  float const n = shifted - to_integer;
  float const r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;  // the first product is exact
  float q = 0x1.6a23cep-10f;
  q = q * r + 0x1.123a2p-7f;
  q = q * r + 0x1.5558f2p-5f;
  q = q * r + 0x1.555492p-3f;
  q = q * r + 0x1.fffffcp-2f;
  float const mantissa = 1.0f + (r + r * r * q);
  float const value = element_bits::float_of(element_bits::bits_of(mantissa) +
                                             (element_bits::bits_of(shifted) << 23));
  float const below = x < -86.0f ? 0.0f : x;
  return x >= -86.0f ? value : below;
}

inline double exponential(double x) { return std::exp(x); }

}  // namespace detail
COUPLEFACE_NAMESPACE_END
