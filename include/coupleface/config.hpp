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

// One program may mix units of g++ and nvcc and units that set Eigen's macros differently. Their
// inline functions differ, so their names must: the inline namespace spells out what they depend
// on.
#if COUPLEFACE_HAS_CUDA
#define COUPLEFACE_ABI_BACKEND cuda
#else
#define COUPLEFACE_ABI_BACKEND host
#endif
// Spelled as Eigen would resolve them, so that it does not matter which is included first.
#if defined(EIGEN_DONT_ALIGN) || (defined(EIGEN_MAX_ALIGN_BYTES) && EIGEN_MAX_ALIGN_BYTES == 0) || \
    (defined(EIGEN_DONT_VECTORIZE) && !defined(EIGEN_MAX_ALIGN_BYTES))
#define COUPLEFACE_ABI_EIGEN scalar
#define COUPLEFACE_ABI_ALIGN 0
#else
#if defined(EIGEN_DONT_VECTORIZE)
#define COUPLEFACE_ABI_EIGEN scalar
#elif defined(__AVX512F__)
#define COUPLEFACE_ABI_EIGEN avx512
#elif defined(__AVX__)
#define COUPLEFACE_ABI_EIGEN avx
#else
#define COUPLEFACE_ABI_EIGEN base
#endif
#if defined(EIGEN_MAX_ALIGN_BYTES)
#define COUPLEFACE_ABI_ALIGN EIGEN_MAX_ALIGN_BYTES
#elif defined(__AVX512F__)
#define COUPLEFACE_ABI_ALIGN 64
#elif defined(__AVX__)
#define COUPLEFACE_ABI_ALIGN 32
#else
#define COUPLEFACE_ABI_ALIGN 16
#endif
#endif
#if defined(__FMA__)
#define COUPLEFACE_ABI_FUSED fma
#else
#define COUPLEFACE_ABI_FUSED plain
#endif
#if defined(EIGEN_USE_BLAS) || defined(EIGEN_USE_MKL_ALL)  // products are then the BLAS library's
#define COUPLEFACE_ABI_PRODUCT blas
#else
#define COUPLEFACE_ABI_PRODUCT eigen
#endif
#if defined(NDEBUG) || defined(EIGEN_NO_DEBUG)
#define COUPLEFACE_ABI_CHECKS release
#else
#define COUPLEFACE_ABI_CHECKS debug
#endif

#define COUPLEFACE_ABI_JOIN(a, b, c, d, e, f) abi_##a##_##b##_##c##_##d##_##e##_##f
#define COUPLEFACE_ABI_NAME(a, b, c, d, e, f) COUPLEFACE_ABI_JOIN(a, b, c, d, e, f)
#define COUPLEFACE_ABI                                                                    \
  COUPLEFACE_ABI_NAME(COUPLEFACE_ABI_BACKEND, COUPLEFACE_ABI_EIGEN, COUPLEFACE_ABI_ALIGN, \
                      COUPLEFACE_ABI_FUSED, COUPLEFACE_ABI_PRODUCT, COUPLEFACE_ABI_CHECKS)

#define COUPLEFACE_NAMESPACE_BEGIN \
  namespace coupleface {           \
  inline namespace COUPLEFACE_ABI {
#define COUPLEFACE_NAMESPACE_END \
  }                              \
  }
