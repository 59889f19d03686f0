// SPDX-License-Identifier: Apache-2.0
// coupleface: products that are rounded by themselves, whatever the compiler was told.
//
// GCC fuses a product with the sum around it wherever the target has the instruction, clang does
// with -ffp-contract=fast, nvcc does on devices. The bits would then depend on flags. Sums whose
// products are not exact in double therefore take them from here, or call std::fma.
#pragma once

#include <coupleface/config.hpp>

// An empty statement of assembly that may have changed x. Nothing lighter holds: the vectoriser of
// GCC 12 drops __builtin_assoc_barrier, and clang's pragma for contraction yields to
// -ffp-contract=fast. Loops around it are not vectorised, so those that are hot are written in
// vectors. Without an instruction that fuses there is nothing to prevent.
#if defined(__GNUC__) && defined(__FMA__)
#define COUPLEFACE_KEEP_ROUNDED(x) __asm__("" : "+v"(x))
#elif defined(__GNUC__) && defined(__aarch64__)
#define COUPLEFACE_KEEP_ROUNDED(x) __asm__("" : "+w"(x))
#elif defined(__GNUC__) && defined(__x86_64__)
#define COUPLEFACE_KEEP_ROUNDED(x) ((void)0)
#else
#define COUPLEFACE_KEEP_ROUNDED(x) __asm__("" : "+m"(x))
#endif

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// a b, rounded; of doubles, or of a vector of them.
template <class V>
COUPLEFACE_HOST_DEVICE COUPLEFACE_ALWAYS_INLINE V rounded_product(V a, double b) {
#if defined(__CUDA_ARCH__)
  return __dmul_rn(a, b);
#else
  V product = a * b;
  COUPLEFACE_KEEP_ROUNDED(product);
  return product;
#endif
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
