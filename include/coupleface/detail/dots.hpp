// coupleface: several canonical inner products with one row, which is read and widened once.
//
// Each has the bits of dot(): the same products, the same lanes, the same order of sums. With
// AVX-512 the lanes of a product are two registers; the portable form calls dot() for each.
#pragma once

#include <coupleface/detail/row.hpp>
#include <coupleface/detail/vectors.hpp>

// The lanes' order is fixed, so which form runs shows in no bit: it is the compiler's choice.
#if COUPLEFACE_VECTORS && defined(__AVX512F__)
#define COUPLEFACE_DOTS_AVX512 1
#else
#define COUPLEFACE_DOTS_AVX512 0
#endif

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <int N, class S, class O>
COUPLEFACE_HOST_DEVICE void portable_dots(S const* shared, O const* const (&others)[N],
                                          index_t width, double (&out)[N]) {
  for (int k = 0; k < N; ++k) { out[k] = dot(shared, others[k], width); }
}

#if COUPLEFACE_DOTS_AVX512
template <int N>
COUPLEFACE_AVX512 void avx512_dots(float const* shared, float const* const (&others)[N],
                                   index_t width, double (&out)[N], float const* soon) {
  double8v sums[N][2] = {};
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    // Between the sums, so that both go on at a time; past the end of a row it does no harm.
    __builtin_prefetch(soon + j);
    double8v const x0 = load_widened(shared + j), x1 = load_widened(shared + j + 8);
#pragma GCC unroll 8
    for (int k = 0; k < N; ++k) {
      sums[k][0] = multiply_add(x0, load_widened(others[k] + j), sums[k][0]);
      sums[k][1] = multiply_add(x1, load_widened(others[k] + j + 8), sums[k][1]);
    }
  }
  for (int k = 0; k < N; ++k) {
    double lanes[dot_lanes];
    store_vector(lanes, sums[k][0]);
    store_vector(lanes + 8, sums[k][1]);
    for (int l = 0; j + l < width; ++l) {
      lanes[l] = add_product(lanes[l], shared[j + l], others[k][j + l]);
    }
    out[k] = fold(lanes);
  }
}
#endif

/// out[k] = dot(shared, others[k]). `soon` is a row that will be asked for soon.
template <int N, class S, class O>
COUPLEFACE_HOST_DEVICE void dots(S const* shared, O const* const (&others)[N], index_t width,
                                 double (&out)[N], O const* soon) {
#if COUPLEFACE_DOTS_AVX512
  if constexpr (std::is_same_v<S, float> && std::is_same_v<O, float>) {
    return avx512_dots<N>(shared, others, width, out, soon);
  }
#endif
  (void)soon;
  portable_dots<N>(shared, others, width, out);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
