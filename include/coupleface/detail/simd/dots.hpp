// SPDX-License-Identifier: Apache-2.0
// coupleface: several canonical inner products of a few rows; each row is read and widened once.
//
// Each result has the bits of dot(): the same products, the same lanes, the same order of sums.
// With FMA the lanes of a product stay in a few registers; the portable form calls dot() for each.
#pragma once

#include <coupleface/detail/row.hpp>
#include <coupleface/detail/simd/fma.hpp>
#include <coupleface/detail/simd/prefetch.hpp>

#include <cstddef>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// out[k] = dot(shared, others[k])
template <std::size_t N, class S, class O>
COUPLEFACE_HOST_DEVICE void dots(S const* shared, O const* const (&others)[N], index_t width,
                                 double (&out)[N]) {
  for (std::size_t k = 0; k < N; ++k) { out[k] = dot(shared, others[k], width); }
}

/// out = {a . a, a . b, b . b}; prefetches the row `soon`.
template <class A, class B>
COUPLEFACE_HOST_DEVICE void pair_dots(A const* a, B const* b, index_t width, double (&out)[3],
                                      A const* soon) {
  prefetch_row<cache_level::second>(soon, width);
  out[0] = dot(a, a, width);
  out[1] = dot(a, b, width);
  out[2] = dot(b, b, width);
}

#if COUPLEFACE_FMA_VECTORS
/// fold() of lanes that are held in registers.
COUPLEFACE_ALWAYS_INLINE double fold(double2v two) { return two[0] + two[1]; }
COUPLEFACE_ALWAYS_INLINE double fold(double4v four) {
  return fold(lower_half(four) + upper_half(four));
}
#if defined(__AVX512F__)
COUPLEFACE_ALWAYS_INLINE double fold(wide_doubles const (&sums)[2]) {
  wide_doubles const eight = sums[0] + sums[1];
  return fold(lower_half(eight) + upper_half(eight));
}
#else
COUPLEFACE_ALWAYS_INLINE double fold(wide_doubles const (&sums)[4]) {
  return fold((sums[0] + sums[2]) + (sums[1] + sums[3]));
}
#endif

/// dot() of two rows of floats, or of floats already widened, with its lanes in registers. Several
/// can run side by side: once inlined, a row they share is read and widened once.
class running_dot {
 public:
  COUPLEFACE_ALWAYS_INLINE running_dot() {
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) { sums_[p] = wide_doubles{}; }
  }

  /// Adds the next products, one per lane.
  template <class A, class B>
  COUPLEFACE_ALWAYS_INLINE void add(A const* a, B const* b) {
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
      sums_[p] = fused_multiply_add(load_wide(a + wide_lanes * p), load_wide(b + wide_lanes * p),
                                    sums_[p]);
    }
  }

  /// The sum after adding the products of a last, shorter piece of the rows.
  template <class A, class B>
  COUPLEFACE_ALWAYS_INLINE double finish(A const* a, B const* b, index_t rest) const {
    if (rest == 0) { return fold(sums_); }
    double lanes[dot_lanes];
    __builtin_memcpy(lanes, sums_, sizeof lanes);
    for (index_t l = 0; l < rest; ++l) { lanes[l] = add_product(lanes[l], a[l], b[l]); }
    return detail::fold(lanes);
  }

 private:
  static constexpr int parts = dot_lanes / wide_lanes;
  wide_doubles sums_[parts];
};

/// The rows are scattered, and no hardware prefetcher follows so many at a time, so each row is
/// prefetched some lines ahead.
template <std::size_t N>
void dots(float const* shared, float const* const (&others)[N], index_t width, double (&out)[N]) {
  constexpr index_t line = 16, ahead = 4 * line;
  running_dot sums[N];
#pragma GCC unroll 8
  for (std::size_t k = 0; k < N; ++k) {
    for (index_t l = line; width >= ahead && l < ahead; l += line) { prefetch_line(others[k] + l); }
  }
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < N; ++k) { prefetch_line(others[k] + j + ahead); }
#pragma GCC unroll 8
    for (std::size_t k = 0; k < N; ++k) { sums[k].add(shared + j, others[k] + j); }
  }
#pragma GCC unroll 8
  for (std::size_t k = 0; k < N; ++k) {
    out[k] = sums[k].finish(shared + j, others[k] + j, width - j);
  }
}

/// Prefetches line by line between the sums, because requests for all lines at once would queue up.
inline void pair_dots(float const* a, float const* b, index_t width, double (&out)[3],
                      float const* soon) {
  running_dot first, second, third;
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    prefetch_line<cache_level::second>(soon + j);
    first.add(a + j, a + j);
    second.add(a + j, b + j);
    third.add(b + j, b + j);
  }
  out[0] = first.finish(a + j, a + j, width - j);
  out[1] = second.finish(a + j, b + j, width - j);
  out[2] = third.finish(b + j, b + j, width - j);
}

/// Number of rows that widened_dots() takes at a time: as many as there are registers for the sums.
inline constexpr int widened_rows = wide_lanes == 8 ? 2 : 1;

/// out[r] = {x . a, x . b, x . x} with x = rows[r]. Rows a and b are floats already widened.
/// Prefetches the rows `soon` line by line.
template <std::size_t N>
COUPLEFACE_ALWAYS_INLINE void widened_dots(float const* const (&rows)[N], double const* a,
                                           double const* b, index_t width, double (&out)[N][3],
                                           float const* const (&soon)[N]) {
  running_dot first[N], second[N], third[N];
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
#pragma GCC unroll 2
    for (std::size_t r = 0; r < N; ++r) {
      prefetch_line<cache_level::second>(soon[r] + j);
      first[r].add(rows[r] + j, a + j);
      second[r].add(rows[r] + j, b + j);
      third[r].add(rows[r] + j, rows[r] + j);
    }
  }
#pragma GCC unroll 2
  for (std::size_t r = 0; r < N; ++r) {
    out[r][0] = first[r].finish(rows[r] + j, a + j, width - j);
    out[r][1] = second[r].finish(rows[r] + j, b + j, width - j);
    out[r][2] = third[r].finish(rows[r] + j, rows[r] + j, width - j);
  }
}
#endif

}  // namespace detail
COUPLEFACE_NAMESPACE_END
