// SPDX-License-Identifier: Apache-2.0
// coupleface: the overlap of two lists of neighbours, host side.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Neighbours of one row whose relation is not NaN, ascending, into `out`; returns their count.
inline index_t sorted_neighbours(float const* values, std::int32_t const* indices, index_t slots,
                                 std::int32_t* out) {
  index_t count = 0;
  for (index_t slot = 0; slot < slots && indices[slot] >= 0; ++slot) {
    if (!is_nan(values[slot])) { out[count++] = indices[slot]; }
  }
  std::sort(out, out + count);
  return count;
}

/// Shared neighbours over the length of the longer list; NaN if both lists are empty.
inline double overlap_of(std::int32_t const* a, index_t a_count, std::int32_t const* b,
                         index_t b_count) {
  index_t shared = 0;
  for (index_t i = 0, j = 0; i < a_count && j < b_count;) {
    shared += a[i] == b[j];
    index_t const next_i = i + (a[i] <= b[j]);
    j += b[j] <= a[i];
    i = next_i;
  }
  index_t const most = std::max(a_count, b_count);
  return most > 0 ? double(shared) / double(most) : std::nan("");
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
