// SPDX-License-Identifier: Apache-2.0
// coupleface: products that are always rounded on their own, whatever the compiler flags.
//
// GCC fuses a product with the surrounding sum wherever the target has the instruction, clang does
// with -ffp-contract=fast, nvcc does on devices. The bits would then depend on flags. Sums whose
// products are not exact in double therefore use rounded_product() or std::fma.
#pragma once

#include <coupleface/config.hpp>

// An empty asm statement that claims to change x. Nothing lighter works: the vectoriser of GCC 12
// drops __builtin_assoc_barrier, and -ffp-contract=fast overrides clang's contraction pragma. Loops
// around it are not vectorised, so hot ones use vector types. A unit without fused instructions
// needs the barrier too: it may be inlined into a kernel of a set that has them.
#if defined(__GNUC__) && defined(__x86_64__)
#define COUPLEFACE_KEEP_ROUNDED(x) __asm__("" : "+v"(x))
#elif defined(__GNUC__) && defined(__aarch64__)
#define COUPLEFACE_KEEP_ROUNDED(x) __asm__("" : "+w"(x))
#else
#define COUPLEFACE_KEEP_ROUNDED(x) __asm__("" : "+m"(x))
#endif

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// a b, rounded.
COUPLEFACE_HOST_DEVICE COUPLEFACE_ALWAYS_INLINE double rounded_product(double a, double b) {
#if defined(__CUDA_ARCH__)
  return __dmul_rn(a, b);
#else
  double product = a * b;
  COUPLEFACE_KEEP_ROUNDED(product);
  return product;
#endif
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
