// SPDX-License-Identifier: Apache-2.0
// coupleface: atomic counters and bounds. For integers only: floating-point sums have a fixed
// order. The emulator has its own.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>

#if COUPLEFACE_HAS_CUDA

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

COUPLEFACE_HOST_DEVICE inline void add_atomically(std::uint64_t* counter, std::uint64_t amount) {
#if defined(__CUDA_ARCH__)
  static_assert(sizeof(unsigned long long) == sizeof amount);
  atomicAdd(reinterpret_cast<unsigned long long*>(counter), amount);
#else
  *counter += amount;
#endif
}

/// *least = min(*least, value).
COUPLEFACE_HOST_DEVICE inline void lower_atomically(std::uint32_t* least, std::uint32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMin(least, value);
#else
  if (value < *least) { *least = value; }
#endif
}

/// *most = max(*most, value).
COUPLEFACE_HOST_DEVICE inline void raise_atomically(std::uint64_t* most, std::uint64_t value) {
#if defined(__CUDA_ARCH__)
  atomicMax(reinterpret_cast<unsigned long long*>(most), static_cast<unsigned long long>(value));
#else
  if (value > *most) { *most = value; }
#endif
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
