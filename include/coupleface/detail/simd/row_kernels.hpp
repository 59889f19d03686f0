// SPDX-License-Identifier: Apache-2.0
// coupleface: canonical sums along rows, and maps of rows, by the kernels in use.
#pragma once

#include <coupleface/detail/simd/lanes.hpp>
#include <coupleface/detail/simd/prefetch.hpp>
#include <coupleface/detail/simd/target.hpp>

#include <cmath>
#include <cstddef>
#include <type_traits>

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/simd/wide_doubles.inc"
#include <coupleface/detail/simd/for_each_target.inc>
#define COUPLEFACE_KERNELS_FILE "coupleface/detail/simd/row_kernels.inc"
#define COUPLEFACE_KERNELS_FOR_DEVICE
#include <coupleface/detail/simd/for_each_target.inc>
#define COUPLEFACE_KERNELS_FILE "coupleface/detail/simd/squared_distance.inc"
#define COUPLEFACE_KERNELS_FOR_DEVICE
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The canonical inner product: products of the stored values, exact in double (fused if a side is
/// stored in double), summed in dot_lanes lanes.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double dot(A const* a, B const* b, index_t width) {
  COUPLEFACE_RETURN_KERNEL(dot(a, b, width));
}

/// dot() of a a_scale and b b_scale.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double scaled_dot(A const* a, double a_scale, B const* b,
                                                double b_scale, index_t width) {
  COUPLEFACE_RETURN_KERNEL(scaled_dot(a, a_scale, b, b_scale, width));
}

/// out[k] = dot(shared, others[k])
template <std::size_t N, class S, class O>
COUPLEFACE_HOST_DEVICE inline void dots(S const* shared, O const* const (&others)[N], index_t width,
                                        double (&out)[N]) {
  COUPLEFACE_RETURN_KERNEL(dots(shared, others, width, out));
}

/// out = {a . a, a . b, b . b}; prefetches the row `soon`.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline void pair_dots(A const* a, B const* b, index_t width,
                                             double (&out)[3], A const* soon) {
  COUPLEFACE_RETURN_KERNEL(pair_dots(a, b, width, out, soon));
}

/// || a - b ||^2: differences of the stored values, rounded to double, whose squares are fused into
/// the lanes of a canonical sum.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double squared_distance(A const* a, B const* b, index_t width) {
  COUPLEFACE_RETURN_KERNEL(squared_distance(a, b, width));
}

/// out[j] = f(in[j]...), rounded to R; rows may be the same.
template <class R, class Function, class... In>
COUPLEFACE_HOST_DEVICE inline void transform(R* out, index_t width, Function f, In const*... in) {
  COUPLEFACE_RETURN_KERNEL(transform(out, width, f, in...));
}

/// Orders nontemporal stores before all later stores.
inline void store_fence() {
#if COUPLEFACE_VECTORS
  __builtin_ia32_sfence();
#endif
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
