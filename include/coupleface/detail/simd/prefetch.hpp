// SPDX-License-Identifier: Apache-2.0
// coupleface: prefetching of memory that will be read soon.
#pragma once

#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

enum class cache_level { first, second };

/// Prefetches the cache line of x. Always inlined: GCC considers a function that only prefetches to
/// have no effect, and drops calls to it.
template <cache_level level = cache_level::first>
COUPLEFACE_HOST_DEVICE COUPLEFACE_ALWAYS_INLINE void prefetch_line(void const* x) {
#if defined(__GNUC__) && !defined(__CUDA_ARCH__)
  __builtin_prefetch(x, 0, level == cache_level::first ? 3 : 2);
#else
  (void)x;
#endif
}

/// Prefetches all lines of a row.
template <cache_level level = cache_level::first, class T>
COUPLEFACE_HOST_DEVICE COUPLEFACE_ALWAYS_INLINE void prefetch_row(T const* x, index_t width) {
  for (index_t j = 0; j < width; j += index_t(64 / sizeof(T))) { prefetch_line<level>(x + j); }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
