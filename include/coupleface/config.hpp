// SPDX-License-Identifier: Apache-2.0
// coupleface: compiler features, and the namespace of the library.
#pragma once

#include <coupleface/version.hpp>

#if defined(__CUDACC__)
#define COUPLEFACE_HAS_CUDA 1
#define COUPLEFACE_HOST_DEVICE __host__ __device__
#else
#define COUPLEFACE_HAS_CUDA 0
#define COUPLEFACE_HOST_DEVICE
#endif

#if defined(__GNUC__)
#define COUPLEFACE_ALWAYS_INLINE __attribute__((always_inline)) inline
#else
#define COUPLEFACE_ALWAYS_INLINE inline
#endif

// The kernels are compiled by nvcc, or by a host compiler for an emulator of a device, whose header
// this macro names (the tests have one: tests/support/emulated_runtime.hpp).
#if COUPLEFACE_HAS_CUDA || defined(COUPLEFACE_EMULATOR)
#define COUPLEFACE_HAS_KERNELS 1
#else
#define COUPLEFACE_HAS_KERNELS 0
#endif

// With these a compiler may assume that NaN does not exist, add in any order and divide by
// multiplying: rows that are not finite go unnoticed, and sums lose digits.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__)
#error \
    "coupleface: compile this unit without -ffast-math, -Ofast, -ffinite-math-only, \
-funsafe-math-optimizations, -fassociative-math and -freciprocal-math (docs/own_trainer.md, Compiler flags)"
#endif

// clang has macros for the first three only. Between these two lines it ignores each of the others.
#if defined(__clang__) && defined(__x86_64__) && !COUPLEFACE_HAS_CUDA
#define COUPLEFACE_PRECISE_BEGIN _Pragma("float_control(precise, on, push)")
#define COUPLEFACE_PRECISE_END _Pragma("float_control(pop)")
#else
#define COUPLEFACE_PRECISE_BEGIN
#define COUPLEFACE_PRECISE_END
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
#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define COUPLEFACE_ABI_VECTORS avx512vl
#elif defined(__AVX512F__)
#define COUPLEFACE_ABI_VECTORS avx512
#elif defined(__AVX2__)
#define COUPLEFACE_ABI_VECTORS avx2
#elif defined(__AVX__)
#define COUPLEFACE_ABI_VECTORS avx
#elif defined(__SSE4_1__)
#define COUPLEFACE_ABI_VECTORS sse4
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
  COUPLEFACE_PRECISE_BEGIN         \
  namespace coupleface {           \
  inline namespace COUPLEFACE_ABI {
#define COUPLEFACE_NAMESPACE_END \
  }                              \
  }                              \
  COUPLEFACE_PRECISE_END
