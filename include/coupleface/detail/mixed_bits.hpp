// SPDX-License-Identifier: Apache-2.0
// coupleface: pseudo-random bits from a seed and an index.
#pragma once

#include <coupleface/config.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A well-mixed 64-bit value of (seed, index): the finaliser of splitmix64.
COUPLEFACE_HOST_DEVICE inline std::uint64_t mixed_bits(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t x = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
