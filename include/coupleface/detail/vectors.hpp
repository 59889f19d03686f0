// coupleface: the vectors of AVX-512, in the compiler's own vector types: what the quick forms of
// the kernels are written with. The one header with compiler extensions; every function that uses
// it has a portable twin. (<immintrin.h> would cost half as much to parse as all the rest.)
#pragma once

#include <coupleface/view.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

// nvcc's front end does not take GCC's vector types; such units run the portable twins.
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

// Vectors of four doubles, in units that are compiled for FMA. Which form runs shows in no bit, so
// here the compiler's flags may choose.
#if COUPLEFACE_VECTORS && defined(__FMA__)
#define COUPLEFACE_FMA_VECTORS 1
#else
#define COUPLEFACE_FMA_VECTORS 0
#endif

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// What the processor that this runs on can do; false where units have no vectors.
inline bool has_avx512() {
#if COUPLEFACE_VECTORS
  return __builtin_cpu_supports("avx512f");
#else
  return false;
#endif
}
inline bool has_avx512_vnni() {
#if COUPLEFACE_VECTORS
  return has_avx512() && __builtin_cpu_supports("avx512vnni");
#else
  return false;
#endif
}

enum class cache_level { first, second };

/// Asks for the cache line of x, which will be read soon. Always inlined: GCC takes a function that
/// does nothing else for one without effect, and drops its calls.
template <cache_level level = cache_level::first>
COUPLEFACE_HOST_DEVICE COUPLEFACE_ALWAYS_INLINE void prefetch_line(void const* x) {
#if defined(__GNUC__) && !defined(__CUDA_ARCH__)
  __builtin_prefetch(x, 0, level == cache_level::first ? 3 : 2);
#else
  (void)x;
#endif
}

/// The same for all lines of a row.
template <cache_level level = cache_level::first, class T>
COUPLEFACE_HOST_DEVICE COUPLEFACE_ALWAYS_INLINE void prefetch_row(T const* x, index_t width) {
  for (index_t j = 0; j < width; j += index_t(64 / sizeof(T))) { prefetch_line<level>(x + j); }
}

/// Stores past the caches are then in order with what comes behind.
inline void store_fence() {
#if COUPLEFACE_FMA_VECTORS
  __builtin_ia32_sfence();
#endif
}

#if COUPLEFACE_VECTORS

using float16v __attribute__((vector_size(64))) = float;
using double8v __attribute__((vector_size(64))) = double;
using word16v __attribute__((vector_size(64))) = std::uint32_t;
using whole16v __attribute__((vector_size(64))) = int;

template <class Vector, class T>
COUPLEFACE_AVX512_INLINE Vector load_vector(T const* x) {
  Vector v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

template <class Vector, class T>
COUPLEFACE_AVX512_INLINE void store_vector(T* x, Vector v) {
  __builtin_memcpy(x, &v, sizeof v);
}

/// sum + a b. Fused or not: the callers' error bounds cover both, or the product is exact.
COUPLEFACE_AVX512_INLINE float16v multiply_add(float16v a, float16v b, float16v sum) {
  return a * b + sum;
}

/// sum + the two products of each word's halves, which are whole numbers of 16 bits.
COUPLEFACE_AVX512_VNNI_INLINE whole16v multiply_add_pairs(word16v a, word16v b, whole16v sum) {
#if defined(__clang__)
  return __builtin_ia32_vpdpwssd512(sum, (whole16v)a, (whole16v)b);
#else
  return __builtin_ia32_vpdpwssd_v16si(sum, (whole16v)a, (whole16v)b);
#endif
}

/// Bit l: x[l] >= least[l]; false for NaN.
COUPLEFACE_AVX512_INLINE std::uint32_t reaches(float16v x, float16v least) {
  constexpr int greater_equal_ordered_quiet = 0x1d, current_direction = 4;
  return std::uint16_t(__builtin_ia32_cmpps512_mask(x, least, greater_equal_ordered_quiet,
                                                    std::uint16_t(0xffff), current_direction));
}

/// Stores the elements whose bits are set, one behind the other, and anything behind them up to 16;
/// returns how many.
template <class T>
COUPLEFACE_AVX512_INLINE int store_chosen(T* out, word16v elements, std::uint32_t chosen) {
  store_vector(out, __builtin_ia32_compresssi512_mask((whole16v)elements, whole16v{},
                                                      std::uint16_t(chosen)));
  return __builtin_popcount(chosen);
}

#endif

#if COUPLEFACE_FMA_VECTORS

#if defined(__AVX512F__)
inline constexpr int wide_lanes = 8;
#else
inline constexpr int wide_lanes = 4;
#endif
/// What fits a register of the processor that the unit is compiled for, and as many floats.
using wide_doubles __attribute__((vector_size(8 * wide_lanes))) = double;
using narrow_floats __attribute__((vector_size(4 * wide_lanes))) = float;
template <class>
using wide_of = wide_doubles;  ///< for each of some types

COUPLEFACE_ALWAYS_INLINE wide_doubles broadcast(double x) { return wide_doubles{} + x; }

COUPLEFACE_ALWAYS_INLINE narrow_floats narrowed(wide_doubles v) {
#if defined(__AVX512F__) && !defined(__clang__)
  return __builtin_ia32_cvtpd2ps512_mask(v, narrow_floats{}, -1, 4);
#else
  return __builtin_convertvector(v, narrow_floats);
#endif
}

/// GCC 12 makes several instructions of a conversion of its own vectors.
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
  return __builtin_ia32_extractf64x4_mask(v, 0, double4v{}, -1);
}
COUPLEFACE_ALWAYS_INLINE double4v upper_half(wide_doubles v) {
  return __builtin_ia32_extractf64x4_mask(v, 1, double4v{}, -1);
}
#endif
#endif

/// sum + a b with one rounding.
COUPLEFACE_ALWAYS_INLINE wide_doubles fused_multiply_add(wide_doubles a, wide_doubles b,
                                                         wide_doubles sum) {
#if defined(__AVX512F__)
  return __builtin_ia32_vfmaddpd512_mask(a, b, sum, -1, 4);
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

/// Stores the values as floats. `streamed` bytes at a time go past the caches, 0 for none: x must
/// then be a multiple of them, and what another thread reads next needs a store_fence() before.
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

#endif

// Before a loop whose counter must become constants, or its arrays do not become registers.
#if defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
#define COUPLEFACE_UNROLL_8 _Pragma("GCC unroll 8")
#else
#define COUPLEFACE_UNROLL_8
#endif

/// Some T's side by side, for code that takes vectors of any kind: the twin without extensions.
template <class T>
struct plain_vector {
  static constexpr std::size_t lanes = 16 / sizeof(T);
  T x[lanes];

  COUPLEFACE_ALWAYS_INLINE plain_vector& operator+=(plain_vector const& other) {
    for (std::size_t l = 0; l < lanes; ++l) { x[l] += other.x[l]; }
    return *this;
  }
  friend COUPLEFACE_ALWAYS_INLINE plain_vector operator*(T a, plain_vector b) {
    for (std::size_t l = 0; l < lanes; ++l) { b.x[l] *= a; }
    return b;
  }
};

#if defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
#if defined(__AVX__)
#define COUPLEFACE_VECTOR_BYTES 32
#else
#define COUPLEFACE_VECTOR_BYTES 16
#endif
using native_floats __attribute__((vector_size(COUPLEFACE_VECTOR_BYTES))) = float;
using native_doubles __attribute__((vector_size(COUPLEFACE_VECTOR_BYTES))) = double;
/// What fits a register of the processor that the unit is compiled for.
template <class T>
using native_vector = std::conditional_t<std::is_same_v<T, float>, native_floats, native_doubles>;
#else
template <class T>
using native_vector = plain_vector<T>;
#endif

}  // namespace detail
COUPLEFACE_NAMESPACE_END
