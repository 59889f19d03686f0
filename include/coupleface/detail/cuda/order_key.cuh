// SPDX-License-Identifier: Apache-2.0
// coupleface: scores as unsigned keys of the same order, for radix selection.
#pragma once

#include <coupleface/detail/element.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// An unsigned key: larger for a value that ranks before another, equal for values that tie.
template <class T>
COUPLEFACE_HOST_DEVICE inline std::uint64_t order_key(T const& element) {
  if (is_nan(load(element))) { return 0; }
  if constexpr (std::is_same_v<T, double>) {
    double const value = element + 0.0;  // -0 ties with 0
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (std::uint64_t(1) << 63);
  } else {
    std::uint32_t const bits = element_bits::bits_of(static_cast<float>(load(element)) + 0.0f);
    return bits >> 31 ? ~bits & 0xffffffffu : bits | 0x80000000u;
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
