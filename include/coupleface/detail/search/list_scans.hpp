// SPDX-License-Identifier: Apache-2.0
// coupleface: branch-free scans of short lists, by the kernels in use.
#pragma once

#include <coupleface/detail/simd/target.hpp>

#include <cstdint>

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/search/list_scans.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Number of values above `value`.
inline std::int32_t count_above(float const* values, std::int32_t count, float value) {
  COUPLEFACE_RETURN_KERNEL(count_above(values, count, value));
}

/// 1 + the position of an id that occurs at most once; 0 if it does not.
template <class I>
std::int32_t find_id(I const* ids, std::int32_t count, I id) {
  COUPLEFACE_RETURN_KERNEL(find_id(ids, count, id));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
