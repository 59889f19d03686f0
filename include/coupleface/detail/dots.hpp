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
/// fold() of lanes that are in registers.
COUPLEFACE_ALWAYS_INLINE double fold(wide_doubles const (&sums)[dot_lanes / wide_lanes]) {
#if defined(__AVX512F__)
  wide_doubles const eight = sums[0] + sums[1];
  auto const four = lower_half(eight) + upper_half(eight);
#else
  auto const four = (sums[0] + sums[2]) + (sums[1] + sums[3]);
#endif
  auto const two = lower_half(four) + upper_half(four);
  return two[0] + two[1];
}

/// The same after the products of a last, shorter piece of two rows.
template <class A, class B>
COUPLEFACE_ALWAYS_INLINE double fold_with_rest(wide_doubles const (&sums)[dot_lanes / wide_lanes],
                                               A const* a, B const* b, index_t size) {
  if (size == 0) { return fold(sums); }
  double lanes[dot_lanes];
  __builtin_memcpy(lanes, sums, sizeof lanes);
  for (index_t l = 0; l < size; ++l) { lanes[l] = add_product(lanes[l], a[l], b[l]); }
  return fold(lanes);
}

/// Rows lie anywhere, and no hardware follows so many at a time: each is asked for some lines
/// ahead.
template <int N>
void vector_dots(float const* shared, float const* const (&others)[N], index_t width,
                 double (&out)[N]) {
  constexpr int size = wide_lanes, parts = dot_lanes / size;
  constexpr index_t line = 16, ahead = 4 * line;
  wide_doubles sums[N][parts];
#pragma GCC unroll 8
  for (int k = 0; k < N; ++k) {
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) { sums[k][p] = wide_doubles{}; }
  }
#pragma GCC unroll 8
  for (int k = 0; k < N; ++k) {
    for (index_t l = line; width >= ahead && l < ahead; l += line) {
      __builtin_prefetch(others[k] + l);
    }
  }
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
#pragma GCC unroll 8
    for (int k = 0; k < N; ++k) { __builtin_prefetch(others[k] + j + ahead); }
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
      wide_doubles const x = load_wide(shared + j + size * p);
#pragma GCC unroll 8
      for (int k = 0; k < N; ++k) {
        sums[k][p] = fused_multiply_add(x, load_wide(others[k] + j + size * p), sums[k][p]);
      }
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < N; ++k) {
    out[k] = fold_with_rest(sums[k], shared + j, others[k] + j, width - j);
  }
}

/// out = {x . a, x . b, x . x} for rows a and b of floats that were widened beforehand; `meanwhile`
/// is called between the sums, a cache line of x apart.
template <class Function>
COUPLEFACE_ALWAYS_INLINE void widened_dots(float const* x, double const* a, double const* b,
                                           index_t width, double (&out)[3], Function& meanwhile) {
  constexpr int size = wide_lanes, parts = dot_lanes / size;
  wide_doubles of_a[parts], of_b[parts], of_x[parts];
#pragma GCC unroll 4
  for (int p = 0; p < parts; ++p) { of_a[p] = of_b[p] = of_x[p] = wide_doubles{}; }
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    meanwhile();
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
      index_t const at = j + size * p;
      wide_doubles const element = load_wide(x + at);
      of_a[p] = fused_multiply_add(element, load_wide(a + at), of_a[p]);
      of_b[p] = fused_multiply_add(element, load_wide(b + at), of_b[p]);
      of_x[p] = fused_multiply_add(element, element, of_x[p]);
    }
  }
  out[0] = fold_with_rest(of_a, x + j, a + j, width - j);
  out[1] = fold_with_rest(of_b, x + j, b + j, width - j);
  out[2] = fold_with_rest(of_x, x + j, x + j, width - j);
}

inline void vector_pair_dots(float const* a, float const* b, index_t width, double (&out)[3],
                             float const* soon) {
  constexpr int size = wide_lanes, parts = dot_lanes / size;
  wide_doubles aa[parts], ab[parts], bb[parts];
#pragma GCC unroll 4
  for (int p = 0; p < parts; ++p) { aa[p] = ab[p] = bb[p] = wide_doubles{}; }
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    __builtin_prefetch(soon + j, 0, 2);
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
      wide_doubles const x = load_wide(a + j + size * p), y = load_wide(b + j + size * p);
      aa[p] = fused_multiply_add(x, x, aa[p]);
      ab[p] = fused_multiply_add(x, y, ab[p]);
      bb[p] = fused_multiply_add(y, y, bb[p]);
    }
  }
  out[0] = fold_with_rest(aa, a + j, a + j, width - j);
  out[1] = fold_with_rest(ab, a + j, b + j, width - j);
  out[2] = fold_with_rest(bb, b + j, b + j, width - j);
}
#endif

/// out[k] = dot(shared, others[k])
template <int N, class S, class O>
COUPLEFACE_HOST_DEVICE void dots(S const* shared, O const* const (&others)[N], index_t width,
                                 double (&out)[N]) {
#if COUPLEFACE_FMA_VECTORS
  if constexpr (std::is_same_v<S, float> && std::is_same_v<O, float>) {
    return vector_dots<N>(shared, others, width, out);
  }
#endif
  portable_dots<N>(shared, others, width, out);
}

/// out = {a . a, a . b, b . b}; meanwhile asks for the row `soon`, line by line: all lines at once
/// would wait for each other.
template <class A, class B>
COUPLEFACE_HOST_DEVICE void pair_dots(A const* a, B const* b, index_t width, double (&out)[3],
                                      A const* soon) {
#if COUPLEFACE_FMA_VECTORS
  if constexpr (std::is_same_v<A, float> && std::is_same_v<B, float>) {
    return vector_pair_dots(a, b, width, out, soon);
  }
#endif
  prefetch_row<cache_level::second>(soon, width);
  out[0] = dot(a, a, width);
  out[1] = dot(a, b, width);
  out[2] = dot(b, b, width);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
