// SPDX-License-Identifier: Apache-2.0
// coupleface: AVX-512 operations in the compiler's own vector types, for functions that are chosen
// at run time by the processor. (Parsing <immintrin.h> would take half as long as all the rest.)
#pragma once

#include <coupleface/detail/simd/target.hpp>

#include <cstdint>

#if COUPLEFACE_VECTORS

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

using float16v __attribute__((vector_size(64))) = float;
using word16v __attribute__((vector_size(64))) = std::uint32_t;
using whole16v __attribute__((vector_size(64))) = int;

template <class Vector, class T>
COUPLEFACE_AVX512 COUPLEFACE_ALWAYS_INLINE Vector load_vector(T const* x) {
  Vector v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

template <class Vector, class T>
COUPLEFACE_AVX512 COUPLEFACE_ALWAYS_INLINE void store_vector(T* x, Vector v) {
  __builtin_memcpy(x, &v, sizeof v);
}

/// sum + a b. Fused or not: the callers' error bounds cover both, or the product is exact.
COUPLEFACE_AVX512 COUPLEFACE_ALWAYS_INLINE float16v multiply_add(float16v a, float16v b,
                                                                 float16v sum) {
  return a * b + sum;
}

/// sum + the two products of each word's halves, which are 16-bit integers.
COUPLEFACE_AVX512_VNNI COUPLEFACE_ALWAYS_INLINE whole16v multiply_add_pairs(word16v a, word16v b,
                                                                            whole16v sum) {
#if defined(__clang__)
  return __builtin_ia32_vpdpwssd512(sum, (whole16v)a, (whole16v)b);
#else
  return __builtin_ia32_vpdpwssd_v16si(sum, (whole16v)a, (whole16v)b);
#endif
}

using half_of_whole16v __attribute__((vector_size(32))) = int;
using whole4v __attribute__((vector_size(16))) = int;

/// The sum of all sixteen.
COUPLEFACE_AVX512 COUPLEFACE_ALWAYS_INLINE std::int32_t sum_of_lanes(whole16v const& x) {
#if defined(__clang__)
  half_of_whole16v const eight = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
                                 __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
#else
  half_of_whole16v const eight = __builtin_ia32_extracti32x8_mask(x, 0, half_of_whole16v{}, 0xff) +
                                 __builtin_ia32_extracti32x8_mask(x, 1, half_of_whole16v{}, 0xff);
#endif
  whole4v halves[2];
  __builtin_memcpy(halves, &eight, sizeof eight);
  whole4v const four = halves[0] + halves[1];
  return (four[0] + four[1]) + (four[2] + four[3]);
}

/// Bit l: x[l] >= least[l]; false for NaN.
COUPLEFACE_AVX512 COUPLEFACE_ALWAYS_INLINE std::uint32_t reaches(float16v x, float16v least) {
  constexpr int greater_equal_ordered_quiet = 0x1d, current_direction = 4;
  return std::uint16_t(__builtin_ia32_cmpps512_mask(x, least, greater_equal_ordered_quiet,
                                                    std::uint16_t(0xffff), current_direction));
}

/// Stores the elements whose bits are set, contiguously, and returns their number. Writes 16
/// elements; those past the returned number are unspecified.
template <class T>
COUPLEFACE_AVX512 COUPLEFACE_ALWAYS_INLINE int store_chosen(T* out, word16v elements,
                                                            std::uint32_t chosen) {
  store_vector(out, __builtin_ia32_compresssi512_mask((whole16v)elements, whole16v{},
                                                      std::uint16_t(chosen)));
  return __builtin_popcount(chosen);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
