// SPDX-License-Identifier: Apache-2.0
// coupleface: which vector extensions a unit is compiled for, and which the processor supports.
#pragma once

#include <coupleface/config.hpp>

// nvcc's front end does not accept GCC's vector types; CUDA units use the portable versions.
#if defined(__x86_64__) && defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
#define COUPLEFACE_VECTORS 1
#define COUPLEFACE_AVX512 __attribute__((target("avx512f")))
#define COUPLEFACE_AVX512_VNNI __attribute__((target("avx512f,avx512vnni")))
#define COUPLEFACE_AVX512_INLINE __attribute__((target("avx512f"), always_inline)) inline
#define COUPLEFACE_AVX512_VNNI_INLINE \
  __attribute__((target("avx512f,avx512vnni"), always_inline)) inline
#else
#define COUPLEFACE_VECTORS 0
#endif

// Vectors of doubles for units that are compiled for FMA. Both forms give the same bits, so the
// compiler's flags may choose.
#if COUPLEFACE_VECTORS && defined(__FMA__)
#define COUPLEFACE_FMA_VECTORS 1
#else
#define COUPLEFACE_FMA_VECTORS 0
#endif

// Place before a loop that must be unrolled completely so that its arrays stay in registers.
#if defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
#define COUPLEFACE_PRAGMA(text) _Pragma(#text)
#define COUPLEFACE_UNROLL_LOOP(count) COUPLEFACE_PRAGMA(GCC unroll count)
#else
#define COUPLEFACE_UNROLL_LOOP(count)
#endif

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

#if COUPLEFACE_FMA_VECTORS
inline constexpr bool fma_vectors = true;
#else
inline constexpr bool fma_vectors = false;
#endif

/// What the processor supports at run time; false if the unit has no vectors.
#if COUPLEFACE_VECTORS
inline bool has_avx512() { return __builtin_cpu_supports("avx512f"); }
inline bool has_avx512_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
#else
inline bool has_avx512() { return false; }
inline bool has_avx512_vnni() { return false; }
#endif

}  // namespace detail
COUPLEFACE_NAMESPACE_END
