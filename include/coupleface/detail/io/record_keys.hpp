// SPDX-License-Identifier: Apache-2.0
// coupleface: keys of records that are written as floats, also where those do not hold every
// integer.
#pragma once

#include <coupleface/detail/io/packed_label.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// No set has keys beyond that.
inline constexpr index_t largest_key = index_t(1) << 40;

/// How far a key may lie from the float nearest to it: half the distance of two floats there.
inline index_t key_rounding(index_t key) {
  index_t rounding = 0;
  for (index_t above = key >> 24; above > 0; above >>= 1) {
    rounding = rounding == 0 ? 1 : 2 * rounding;
  }
  return rounding;
}

/// The key that `rounded` stands for: from it on `is_behind(key)` holds, before it does not. Below
/// 2^24 that is `rounded` itself and nothing is asked.
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
