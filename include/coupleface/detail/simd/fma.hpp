// SPDX-License-Identifier: Apache-2.0
// coupleface: vectors of doubles with fused multiply-add, in the compiler's own vector types. They
// are as wide as the registers that the unit is compiled for, AVX2 or AVX-512. On other targets a
// vector is one double, so that code with another path there still compiles.
#pragma once

#include <coupleface/detail/simd/target.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

#if COUPLEFACE_FMA_VECTORS

#if defined(__AVX512F__)
inline constexpr int wide_lanes = 8;
#else
inline constexpr int wide_lanes = 4;
#endif
/// One register of the processor that the unit is compiled for, and as many floats.
using wide_doubles __attribute__((vector_size(8 * wide_lanes))) = double;
using narrow_floats __attribute__((vector_size(4 * wide_lanes))) = float;

COUPLEFACE_ALWAYS_INLINE wide_doubles broadcast(double x) { return wide_doubles{} + x; }

COUPLEFACE_ALWAYS_INLINE narrow_floats narrowed(wide_doubles v) {
#if defined(__AVX512F__) && !defined(__clang__)
  return __builtin_ia32_cvtpd2ps512_mask(v, narrow_floats{}, -1, 4);
#else
  return __builtin_convertvector(v, narrow_floats);
#endif
}

/// GCC 12 compiles a conversion between its own vector types to several instructions.
COUPLEFACE_ALWAYS_INLINE wide_doubles widened(narrow_floats v) {
#if defined(__clang__)
  return __builtin_convertvector(v, wide_doubles);
#elif defined(__AVX512F__)
  return __builtin_ia32_cvtps2pd512_mask(v, wide_doubles{}, -1, 4);
#else
  return __builtin_ia32_cvtps2pd256(v);
#endif
}

COUPLEFACE_ALWAYS_INLINE wide_doubles load_wide(double const* x) {
  wide_doubles v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}
COUPLEFACE_ALWAYS_INLINE wide_doubles load_wide(float const* x) {
  narrow_floats v;
  __builtin_memcpy(&v, x, sizeof v);
  return widened(v);
}
COUPLEFACE_ALWAYS_INLINE void store_wide(double* x, wide_doubles v) {
  __builtin_memcpy(x, &v, sizeof v);
}
COUPLEFACE_ALWAYS_INLINE void store_wide(float* x, wide_doubles v) {
  narrow_floats const narrow = narrowed(v);
  __builtin_memcpy(x, &narrow, sizeof narrow);
}

using double2v __attribute__((vector_size(16))) = double;
using double4v __attribute__((vector_size(32))) = double;

#if defined(__clang__)
COUPLEFACE_ALWAYS_INLINE double2v lower_half(double4v v) {
  return __builtin_shufflevector(v, v, 0, 1);
}
COUPLEFACE_ALWAYS_INLINE double2v upper_half(double4v v) {
  return __builtin_shufflevector(v, v, 2, 3);
}
#else
COUPLEFACE_ALWAYS_INLINE double2v lower_half(double4v v) {
  return __builtin_ia32_vextractf128_pd256(v, 0);
}
COUPLEFACE_ALWAYS_INLINE double2v upper_half(double4v v) {
  return __builtin_ia32_vextractf128_pd256(v, 1);
}
#endif
#if defined(__AVX512F__)
#if defined(__clang__)
COUPLEFACE_ALWAYS_INLINE double4v lower_half(wide_doubles v) {
  return __builtin_shufflevector(v, v, 0, 1, 2, 3);
}
COUPLEFACE_ALWAYS_INLINE double4v upper_half(wide_doubles v) {
  return __builtin_shufflevector(v, v, 4, 5, 6, 7);
}
#else
COUPLEFACE_ALWAYS_INLINE double4v lower_half(wide_doubles v) {
  return __builtin_ia32_extractf64x4_mask(v, 0, double4v{}, 0xff);
}
COUPLEFACE_ALWAYS_INLINE double4v upper_half(wide_doubles v) {
  return __builtin_ia32_extractf64x4_mask(v, 1, double4v{}, 0xff);
}
#endif
#endif

/// sum + a b with one rounding.
COUPLEFACE_ALWAYS_INLINE wide_doubles fused_multiply_add(wide_doubles a, wide_doubles b,
                                                         wide_doubles sum) {
#if defined(__AVX512F__)
  return __builtin_ia32_vfmaddpd512_mask(a, b, sum, 0xff, 4);
#else
  return __builtin_ia32_vfmaddpd256(a, b, sum);
#endif
}

using float4v __attribute__((vector_size(16))) = float;

COUPLEFACE_ALWAYS_INLINE void stream(float* x, float4v v) {
#if defined(__clang__)
  __builtin_nontemporal_store(v, reinterpret_cast<float4v*>(x));
#else
  __builtin_ia32_movntps(x, v);
#endif
}
#if defined(__AVX512F__)
COUPLEFACE_ALWAYS_INLINE void stream(float* x, narrow_floats v) {
#if defined(__clang__)
  __builtin_nontemporal_store(v, reinterpret_cast<narrow_floats*>(x));
#else
  __builtin_ia32_movntps256(x, v);
#endif
}
#endif

/// Stores the values as floats. `streamed` is the number of bytes per nontemporal store, 0 for
/// none. x must be aligned to it, and another thread may read the values only after a
/// store_fence().
template <int streamed>
COUPLEFACE_ALWAYS_INLINE void store_narrowed(float* x, wide_doubles v) {
  narrow_floats const narrow = narrowed(v);
  if constexpr (streamed == 0) {
    __builtin_memcpy(x, &narrow, sizeof narrow);
  } else if constexpr (streamed == sizeof narrow) {
    stream(x, narrow);
  } else {
    float4v halves[sizeof narrow / sizeof(float4v)];
    __builtin_memcpy(halves, &narrow, sizeof narrow);
    for (auto const& half : halves) { stream(x, half), x += 4; }
  }
}

/// Orders nontemporal stores before all later stores.
inline void store_fence() { __builtin_ia32_sfence(); }

#else

inline constexpr int wide_lanes = 1;
using wide_doubles = double;

COUPLEFACE_ALWAYS_INLINE wide_doubles broadcast(double x) { return x; }
COUPLEFACE_ALWAYS_INLINE wide_doubles load_wide(double const* x) { return *x; }
COUPLEFACE_ALWAYS_INLINE wide_doubles load_wide(float const* x) { return *x; }
COUPLEFACE_ALWAYS_INLINE void store_wide(double* x, wide_doubles v) { *x = v; }
COUPLEFACE_ALWAYS_INLINE void store_wide(float* x, wide_doubles v) { *x = static_cast<float>(v); }
inline void store_fence() {}

#endif

}  // namespace detail
COUPLEFACE_NAMESPACE_END
