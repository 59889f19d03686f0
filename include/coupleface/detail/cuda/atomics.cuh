// SPDX-License-Identifier: Apache-2.0
// coupleface: counters and bounds that many threads change. For whole numbers only: sums of
// floating point have one order. The emulator has its own.
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

/// *least becomes `value` if that is smaller.
COUPLEFACE_HOST_DEVICE inline void lower_atomically(std::uint32_t* least, std::uint32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMin(least, value);
#else
  if (value < *least) { *least = value; }
#endif
}

/// *most becomes `value` if that is larger.
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
