// coupleface: several canonical inner products of a few rows, each read and widened once.
//
// Each has the bits of dot(): the same products, the same lanes, the same order of sums. With
// FMA the lanes of a product are four registers; the portable form calls dot() for each.
#pragma once

#include <coupleface/detail/row.hpp>
#include <coupleface/detail/vectors.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <int N, class S, class O>
COUPLEFACE_HOST_DEVICE void portable_dots(S const* shared, O const* const (&others)[N],
                                          index_t width, double (&out)[N]) {
  for (int k = 0; k < N; ++k) { out[k] = dot(shared, others[k], width); }
}

#if COUPLEFACE_FMA_VECTORS
/// out[k] = dot(a[k], b[k]). Inlined, so that a row that is there twice is read and widened once.
template <int N>
COUPLEFACE_ALWAYS_INLINE void vector_products(float const* const (&a)[N],
                                              float const* const (&b)[N], index_t width,
                                              double (&out)[N], float const* soon) {
  constexpr int size = 4, parts = dot_lanes / size;
  double4v sums[N][parts] = {};
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    // Between the sums, so that both go on at a time; past the end of a row it does no harm.
    if (soon != nullptr) { __builtin_prefetch(soon + j); }
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
#pragma GCC unroll 8
      for (int k = 0; k < N; ++k) {
        sums[k][p] = fused_multiply_add(load_four_widened(a[k] + j + size * p),
                                        load_four_widened(b[k] + j + size * p), sums[k][p]);
      }
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < N; ++k) {
    double lanes[dot_lanes];
    __builtin_memcpy(lanes, sums[k], sizeof lanes);
    for (int l = 0; j + l < width; ++l) {
      lanes[l] = add_product(lanes[l], a[k][j + l], b[k][j + l]);
    }
    out[k] = fold(lanes);
  }
}
#endif

/// out[k] = dot(shared, others[k]). `soon`, unless null, is a row that will be asked for soon.
template <int N, class S, class O>
COUPLEFACE_HOST_DEVICE void dots(S const* shared, O const* const (&others)[N], index_t width,
                                 double (&out)[N], [[maybe_unused]] O const* soon = nullptr) {
#if COUPLEFACE_FMA_VECTORS
  if constexpr (std::is_same_v<S, float> && std::is_same_v<O, float>) {
    S const* again[N];
    for (S const*& row : again) { row = shared; }
    return vector_products<N>(again, others, width, out, soon);
  }
#endif
  portable_dots<N>(shared, others, width, out);
}

/// out = {a . a, a . b, b . b}
template <class A, class B>
COUPLEFACE_HOST_DEVICE void pair_dots(A const* a, B const* b, index_t width, double (&out)[3]) {
#if COUPLEFACE_FMA_VECTORS
  if constexpr (std::is_same_v<A, float> && std::is_same_v<B, float>) {
    return vector_products<3>({a, a, b}, {a, b, b}, width, out, nullptr);
  }
#endif
  out[0] = dot(a, a, width);
  out[1] = dot(a, b, width);
  out[2] = dot(b, b, width);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
