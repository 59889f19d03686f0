// SPDX-License-Identifier: Apache-2.0
// coupleface: the screen's kernels for AVX2 with FMA.
#pragma once

#include <coupleface/detail/search/screen_panels.hpp>
#include <coupleface/detail/simd/target.hpp>

#include <algorithm>
#include <cstddef>

#if COUPLEFACE_VECTORS

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

using float8v __attribute__((vector_size(32))) = float;
using whole8v __attribute__((vector_size(32))) = int;
using short16v __attribute__((vector_size(32))) = short;

inline constexpr int avx2_floats = 8;  ///< floats per vector
/// Words of both panels that stay in the L1 cache while their products are computed: 23 KB.
inline constexpr index_t avx2_depth = 128;

/// sum + the products of a row's word with a vector of words.
COUPLEFACE_AVX2 COUPLEFACE_ALWAYS_INLINE void add_avx2_product(panel_word a, float8v const& b,
                                                               float8v& sum) {
  sum += (word_float(a) - float8v{}) * b;
}
COUPLEFACE_AVX2 COUPLEFACE_ALWAYS_INLINE void add_avx2_product(panel_word a, whole8v const& b,
                                                               whole8v& sum) {
  whole8v const pairs = int(a) - whole8v{};
  sum += (whole8v)__builtin_ia32_pmaddwd256((short16v)pairs, (short16v)b);
}

/// out [rows, 2 vectors] (+)= the products of some words.
template <std::size_t rows, class Vector>
COUPLEFACE_AVX2 COUPLEFACE_ALWAYS_INLINE void avx2_block(index_t words, panel_word const* left,
                                                         panel_word const* right, float* out,
                                                         bool add) {
  // Every loop over sums is unrolled, or they would live in memory.
  Vector sums[rows][2] = {};
#pragma GCC unroll 5
  for (std::size_t r = 0; r < rows; ++r) {
    if (!add) { break; }
    __builtin_memcpy(&sums[r][0], out + r * right_rows, sizeof(Vector));
    __builtin_memcpy(&sums[r][1], out + r * right_rows + avx2_floats, sizeof(Vector));
  }
#pragma GCC unroll 2
  for (index_t w = 0; w < words; ++w) {
    Vector b0, b1;
    __builtin_memcpy(&b0, right + w * right_rows, sizeof b0);
    __builtin_memcpy(&b1, right + w * right_rows + avx2_floats, sizeof b1);
    panel_word const* const a = left + w * left_rows;
#pragma GCC unroll 5
    for (std::size_t r = 0; r < rows; ++r) {
      add_avx2_product(a[r], b0, sums[r][0]);
      add_avx2_product(a[r], b1, sums[r][1]);
    }
  }
#pragma GCC unroll 5
  for (std::size_t r = 0; r < rows; ++r) {
    __builtin_memcpy(out + r * right_rows, &sums[r][0], sizeof(Vector));
    __builtin_memcpy(out + r * right_rows + avx2_floats, &sums[r][1], sizeof(Vector));
  }
}

/// out [left_rows, right_rows] = the sums of products, in blocks of 5 or 4 rows by 2 vectors: their
/// sums, a vector of each side and one product fit 16 registers.
template <class Vector>
COUPLEFACE_AVX2 COUPLEFACE_ALWAYS_INLINE void avx2_blocks(index_t words, panel_word const* left,
                                                          panel_word const* right, float* out) {
  static_assert(left_rows == 14, "coupleface: blocks of 5, 5 and 4 rows");
  if (words == 0) { std::fill(out, out + left_rows * right_rows, 0.0f); }
  for (index_t first = 0; first < words; first += avx2_depth) {
    index_t const count = std::min(avx2_depth, words - first);
    panel_word const* const a = left + first * left_rows;
    for (int c = 0; c < right_rows; c += 2 * avx2_floats) {
      panel_word const* const b = right + first * right_rows + c;
      float* const sums = out + c;
      avx2_block<5, Vector>(count, a, b, sums, first > 0);
      avx2_block<5, Vector>(count, a + 5, b, sums + 5 * right_rows, first > 0);
      avx2_block<4, Vector>(count, a + 10, b, sums + 10 * right_rows, first > 0);
    }
  }
}

COUPLEFACE_AVX2 inline void avx2_float_product(index_t words, panel_word const* left,
                                               panel_word const* right, float* out) {
  avx2_blocks<float8v>(words, left, right, out);
}

COUPLEFACE_AVX2 inline void avx2_int16_product(index_t words, panel_word const* left,
                                               panel_word const* right, float* out) {
  index_t const unit = words - 1;
  avx2_blocks<whole8v>(unit, left, right, out);
  for (int at = 0; at < left_rows * right_rows; at += avx2_floats) {
    whole8v sums;
    float8v b;
    __builtin_memcpy(&sums, out + at, sizeof sums);
    __builtin_memcpy(&b, right + unit * right_rows + at % right_rows, sizeof b);
    float const a = word_float(left[unit * left_rows + at / right_rows]);
    float8v const product = __builtin_convertvector(sums, float8v) * b * a;
    __builtin_memcpy(out + at, &product, sizeof product);
  }
}

/// Bit l: x[l] >= least[l]; false for NaN.
COUPLEFACE_AVX2 COUPLEFACE_ALWAYS_INLINE std::uint32_t reaches(float8v const& x,
                                                               float8v const& least) {
  return std::uint32_t(__builtin_ia32_movmskps256((float8v)(x >= least)));
}

/// Appends base + the position of each set bit; returns the new count.
COUPLEFACE_AVX2 COUPLEFACE_ALWAYS_INLINE std::int32_t append_bits(std::uint32_t bits,
                                                                  std::int32_t base,
                                                                  std::int32_t* out,
                                                                  std::int32_t count) {
  for (; bits != 0; bits &= bits - 1) { out[count++] = base + __builtin_ctz(bits); }
  return count;
}

COUPLEFACE_AVX2 inline void avx2_hits(float const* out, float const* row_thresholds,
                                      float const* column_thresholds, product_hits& hits) {
  hits.rows = hits.columns = 0;
  for (int r = 0; r < left_rows; ++r) {
    float8v const least = row_thresholds[r] - float8v{};
    std::uint32_t by_row = 0, by_column = 0;
#pragma GCC unroll 4
    for (int c = 0; c < right_rows; c += avx2_floats) {
      float8v x, of_column;
      __builtin_memcpy(&x, out + r * right_rows + c, sizeof x);
      __builtin_memcpy(&of_column, column_thresholds + c, sizeof of_column);
      by_row |= reaches(x, least) << c;
      by_column |= reaches(x, of_column) << c;
    }
    hits.rows = append_bits(by_row, r * right_rows, hits.by_row, hits.rows);
    hits.columns = append_bits(by_column, r * right_rows, hits.by_column, hits.columns);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
