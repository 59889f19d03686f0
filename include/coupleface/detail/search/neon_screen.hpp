// SPDX-License-Identifier: Apache-2.0
// coupleface: the screen's kernels for ARM64: NEON, and the coarse screen's with dot products.
#pragma once

#include <coupleface/detail/search/int8_screen.hpp>
#include <coupleface/detail/search/screen_panels.hpp>
#include <coupleface/detail/simd/target.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

#if COUPLEFACE_NEON

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

using float4v __attribute__((vector_size(16))) = float;
using whole4v __attribute__((vector_size(16))) = int;
using word4v __attribute__((vector_size(16))) = std::uint32_t;

inline constexpr int neon_lanes = 4;
inline constexpr int neon_columns = 4 * neon_lanes;  ///< of a block of products
/// Words of a left panel and of a right one's block that stay in the L1 cache: 15 KB.
inline constexpr index_t neon_depth = 128;

template <class Vector, class T>
COUPLEFACE_ALWAYS_INLINE Vector load_neon(T const* x) {
  Vector v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

/// out [rows, 4 vectors] (+)= the products of some words.
template <int rows>
COUPLEFACE_ALWAYS_INLINE void neon_float_block(index_t words, panel_word const* left,
                                               panel_word const* right, float* out, bool add) {
  float4v sums[std::size_t(rows)][4] = {};
  if (add) { __builtin_memcpy(&sums[0], out, sizeof sums[0]); }
#pragma GCC unroll 5
  for (int r = 1; r < rows; ++r) {
    if (add) { __builtin_memcpy(&sums[r], out + r * right_rows, sizeof sums[r]); }
  }
  for (index_t w = 0; w < words; ++w) {
    panel_word const* const a = left + w * left_rows;
    panel_word const* const b = right + w * right_rows;
    float4v const columns[] = {load_neon<float4v>(b), load_neon<float4v>(b + 4),
                               load_neon<float4v>(b + 8), load_neon<float4v>(b + 12)};
#pragma GCC unroll 5
    for (int r = 0; r < rows; ++r) {
      float4v const row = word_float(a[r]) - float4v{};
      sums[r][0] += row * columns[0];
      sums[r][1] += row * columns[1];
      sums[r][2] += row * columns[2];
      sums[r][3] += row * columns[3];
    }
  }
#pragma GCC unroll 5
  for (int r = 0; r < rows; ++r) {
    __builtin_memcpy(out + r * right_rows, &sums[r], sizeof sums[r]);
  }
}

inline void neon_float_product(index_t words, panel_word const* left, panel_word const* right,
                               float* out) {
  static_assert(left_rows == 14, "coupleface: blocks of 5, 5 and 4 rows");
  if (words == 0) { std::fill(out, out + left_rows * right_rows, 0.0f); }
  for (index_t first = 0; first < words; first += neon_depth) {
    index_t const count = std::min(neon_depth, words - first);
    panel_word const* const a = left + first * left_rows;
    for (int c = 0; c < right_rows; c += neon_columns) {
      panel_word const* const b = right + first * right_rows + c;
      neon_float_block<5>(count, a, b, out + c, first > 0);
      neon_float_block<5>(count, a + 5, b, out + c + 5 * right_rows, first > 0);
      neon_float_block<4>(count, a + 10, b, out + c + 10 * right_rows, first > 0);
    }
  }
}

/// The bits of all lanes together.
COUPLEFACE_ALWAYS_INLINE std::uint32_t joined(word4v const& bits) {
  return (bits[0] | bits[1]) | (bits[2] | bits[3]);
}

/// Appends base + the position of each set bit; returns the new count.
COUPLEFACE_ALWAYS_INLINE std::int32_t append_neon_bits(std::uint32_t bits, std::int32_t base,
                                                       std::int32_t* out, std::int32_t count) {
  for (; bits != 0; bits &= bits - 1) { out[count++] = base + __builtin_ctz(bits); }
  return count;
}

inline void neon_hits(float const* out, float const* row_thresholds, float const* column_thresholds,
                      product_hits& hits) {
  hits.rows = hits.columns = 0;
  for (int r = 0; r < left_rows; ++r) {
    float4v const least = row_thresholds[r] - float4v{};
    word4v by_row = {}, by_column = {}, bits = {1, 2, 4, 8};
    for (int c = 0; c < right_rows; c += neon_lanes, bits <<= neon_lanes) {
      auto const x = load_neon<float4v>(out + r * right_rows + c);
      by_row |= (word4v)(x >= least) & bits;
      by_column |= (word4v)(x >= load_neon<float4v>(column_thresholds + c)) & bits;
    }
    hits.rows = append_neon_bits(joined(by_row), r * right_rows, hits.by_row, hits.rows);
    hits.columns =
        append_neon_bits(joined(by_column), r * right_rows, hits.by_column, hits.columns);
  }
}

/// sum[l] + the four products of b's bytes with those of one lane of a.
template <int Lane>
COUPLEFACE_NEON_DOTPROD COUPLEFACE_ALWAYS_INLINE void add_neon_quads(word4v const& a,
                                                                     word4v const& b,
                                                                     whole4v& sum) {
  asm("sdot %0.4s, %1.16b, %2.4b[%3]" : "+w"(sum) : "w"(b), "w"(a), "i"(Lane));
}

/// out [rows, 4 vectors] = bounds of the scores; rows is 4 or 2.
template <int rows>
COUPLEFACE_NEON_DOTPROD COUPLEFACE_ALWAYS_INLINE void neon_int8_block(index_t words,
                                                                      panel_word const* left,
                                                                      panel_word const* right,
                                                                      float* out) {
  index_t const unit = words - int8_trailer, slack = unit + 2;
  whole4v sums[std::size_t(rows)][4] = {};
  for (index_t w = 0; w < unit; ++w) {
    // Signed bytes again. The last block loads two words of the next row of words too.
    word4v const a = load_neon<word4v>(left + w * left_rows) ^ added_to_bytes;
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      auto const b = load_neon<word4v>(right + w * right_rows + c * neon_lanes);
      add_neon_quads<0>(a, b, sums[0][c]);
      add_neon_quads<1>(a, b, sums[1][c]);
      if constexpr (rows == 4) {
        add_neon_quads<2>(a, b, sums[2][c]);
        add_neon_quads<3>(a, b, sums[3][c]);
      }
    }
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    auto const b = load_neon<float4v>(right + unit * right_rows + c * neon_lanes);
    auto const more = load_neon<float4v>(right + slack * right_rows + c * neon_lanes);
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
      float const scale = word_float(left[unit * left_rows + r]);
      float4v product = __builtin_convertvector(sums[r][c], float4v) * b * scale;
      product += more + word_float(left[slack * left_rows + r]);
      __builtin_memcpy(out + r * right_rows + c * neon_lanes, &product, sizeof product);
    }
  }
}

COUPLEFACE_NEON_DOTPROD inline void neon_int8_product(index_t words, panel_word const* left,
                                                      panel_word const* right, float* out) {
  static_assert(left_rows == 14, "coupleface: blocks of 4, 4, 4 and 2 rows");
  for (int c = 0; c < right_rows; c += neon_columns) {
    for (int r = 0; r < 12; r += 4) {
      neon_int8_block<4>(words, left + r, right + c, out + r * right_rows + c);
    }
    neon_int8_block<2>(words, left + 12, right + c, out + 12 * right_rows + c);
  }
}

/// The sum of the products of two rows of pairs.
inline std::int32_t neon_fine_product(index_t words, panel_word const* a, panel_word const* b) {
  whole4v low = {}, high = {};
  for (index_t w = 0; w < words; w += neon_lanes) {
    auto const x = load_neon<word4v>(a + w), y = load_neon<word4v>(b + w);
    asm("smlal %0.4s, %1.4h, %2.4h" : "+w"(low) : "w"(x), "w"(y));
    asm("smlal2 %0.4s, %1.8h, %2.8h" : "+w"(high) : "w"(x), "w"(y));
  }
  whole4v const sum = low + high;
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

inline void neon_refine(fine_tile const& tile, product_hits const& hits, float* products) {
  refine_each(tile, hits, products, neon_fine_product);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
