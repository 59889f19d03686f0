// SPDX-License-Identifier: Apache-2.0
// coupleface: products of small tiles by a warp, and asynchronous copies to shared memory. The
// emulator has its own.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>
#include <coupleface/element.hpp>

#if COUPLEFACE_HAS_CUDA

#include <cuda_pipeline_primitives.h>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// True if the device's tensor cores multiply bfloat16. Below compute capability 8.0 (only 7.5 is
/// still supported) they do not, and the instruction does not assemble.
COUPLEFACE_HOST_DEVICE constexpr bool has_tile_products() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
  return false;
#else
  return true;
#endif
}

/// d [16, 8] += a [16, 16] b [16, 8] by all threads of a warp, with sums in float. A word holds two
/// elements that are neighbours along the sum, the first one in the lower half. With g = lane / 4,
/// t = lane % 4:
///   a: rows g and g + 8 at columns 2t, then both at 2t + 8;  b: column g at rows 2t, then 2t + 8
///   d: row g at columns 2t and 2t + 1, then row g + 8
template <class Element>
COUPLEFACE_HOST_DEVICE inline void multiply_tiles(float (&d)[4], std::uint32_t const (&a)[4],
                                                  std::uint32_t const (&b)[2]) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  if constexpr (std::is_same_v<Element, bfloat16>) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  } else {
    static_assert(std::is_same_v<Element, float16>);
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
#else
  (void)d, (void)a, (void)b;
#endif
}

/// Copies sixteen bytes; both addresses must be aligned to that. end_copies() closes a group of the
/// thread's copies; wait_for_copies() waits for all groups but the latest `pending`.
COUPLEFACE_HOST_DEVICE inline void copy_to_shared(void* to, void const* from) {
  (void)to, (void)from;
#if defined(__CUDA_ARCH__)
  __pipeline_memcpy_async(to, from, 16);
#endif
}
COUPLEFACE_HOST_DEVICE inline void end_copies() {
#if defined(__CUDA_ARCH__)
  __pipeline_commit();
#endif
}
template <int pending>
COUPLEFACE_HOST_DEVICE inline void wait_for_copies() {
#if defined(__CUDA_ARCH__)
  __pipeline_wait_prior(pending);
#endif
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
