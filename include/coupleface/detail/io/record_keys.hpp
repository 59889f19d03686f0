// SPDX-License-Identifier: Apache-2.0
// coupleface: record keys stored as floats, including keys that floats cannot represent exactly.
#pragma once

#include <coupleface/detail/io/packed_label.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// No set has larger keys.
inline constexpr index_t largest_key = index_t(1) << 40;

/// Largest distance from a key to the nearest float: half the spacing of floats there.
inline index_t key_rounding(index_t key) {
  index_t rounding = 0;
  for (index_t above = key >> 24; above > 0; above >>= 1) {
    rounding = rounding == 0 ? 1 : 2 * rounding;
  }
  return rounding;
}

/// The exact key for `rounded`: the first key for which `is_behind(key)` holds. Below 2^24 it is
/// `rounded` itself, and is_behind is not called.
template <class IsBehind>
index_t settled_key(index_t rounded, index_t lowest, index_t records, IsBehind is_behind) {
  index_t const rounding = key_rounding(rounded);
  if (rounding == 0) { return rounded; }
  index_t key = std::max(lowest, rounded - rounding);
  while (key < std::min(records, rounded + rounding) && !is_behind(key)) { ++key; }
  return key;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
