// coupleface: what the compiler offers, and the namespace everything lives in.
#pragma once

#include <coupleface/version.hpp>

#if defined(__CUDACC__)
#define COUPLEFACE_HAS_CUDA 1
#define COUPLEFACE_HOST_DEVICE __host__ __device__
#else
#define COUPLEFACE_HAS_CUDA 0
#define COUPLEFACE_HOST_DEVICE
#endif

// The kernels are compiled by nvcc, or by a host compiler for an emulator of a device, whose header
// this macro names (the tests have one: tests/support/emulated_runtime.hpp).
#if COUPLEFACE_HAS_CUDA || defined(COUPLEFACE_EMULATOR)
#define COUPLEFACE_HAS_KERNELS 1
#else
#define COUPLEFACE_HAS_KERNELS 0
#endif

// One program may mix units of g++ and nvcc and units compiled for different processors. Their
// inline functions differ, so their names must: the inline namespace spells out what they depend
// on.
#if COUPLEFACE_HAS_CUDA
#define COUPLEFACE_ABI_BACKEND cuda
#elif COUPLEFACE_HAS_KERNELS
#define COUPLEFACE_ABI_BACKEND emulated
#else
#define COUPLEFACE_ABI_BACKEND host
#endif
#if defined(__AVX512F__)
#define COUPLEFACE_ABI_VECTORS avx512
#elif defined(__AVX__)
#define COUPLEFACE_ABI_VECTORS avx
#else
#define COUPLEFACE_ABI_VECTORS base
#endif
#if defined(__FMA__)
#define COUPLEFACE_ABI_FUSED fma
#else
#define COUPLEFACE_ABI_FUSED plain
#endif

#define COUPLEFACE_ABI_JOIN(a, b, c) abi_##a##_##b##_##c
#define COUPLEFACE_ABI_NAME(a, b, c) COUPLEFACE_ABI_JOIN(a, b, c)
#define COUPLEFACE_ABI \
  COUPLEFACE_ABI_NAME(COUPLEFACE_ABI_BACKEND, COUPLEFACE_ABI_VECTORS, COUPLEFACE_ABI_FUSED)

#define COUPLEFACE_NAMESPACE_BEGIN \
  namespace coupleface {           \
  inline namespace COUPLEFACE_ABI {
#define COUPLEFACE_NAMESPACE_END \
  }                              \
  }
