// SPDX-License-Identifier: Apache-2.0
// coupleface: products of pairs of bfloat16 for AVX512-BF16, in panels as panel_product.hpp's.
//
// A word holds two bfloat16 that follow each other in the direction that a product sums over, the
// first in its lower half. So a matrix needs one layout for each direction.
#pragma once

#include <coupleface/detail/simd/avx512.hpp>
#include <coupleface/detail/simd/panel_product.hpp>

#if COUPLEFACE_VECTORS

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

using bfloat16_pair = std::uint32_t;
/// Of a panel whose pairs lie along its rows.
inline constexpr index_t panel_pairs = panel_width<float> / 2;

/// The bfloat16 nearest to each element, ties to even, in the lower halves; NaN stays NaN.
COUPLEFACE_AVX512 COUPLEFACE_ALWAYS_INLINE word16v bfloat16_words(float16v x) {
  word16v const bits = (word16v)x;
  word16v const rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  word16v const is_nan = (word16v)((bits & 0x7fffffffu) > 0x7f800000u);
  return (is_nan & 0x7fc0u) | (~is_nan & rounded);
}

/// pairs[l] = (first[l], second[l]) of a panel's row each.
COUPLEFACE_AVX512 inline void pair_rows(float const* first, float const* second,
                                        bfloat16_pair* pairs) {
  for (int l = 0; l < int(panel_width<float>); l += 16) {
    word16v const low = bfloat16_words(load_vector<float16v>(first + l));
    word16v const high = bfloat16_words(load_vector<float16v>(second + l));
    store_vector(pairs + l, low | high << 16);
  }
}

/// pairs[l] = (row[2 l], row[2 l + 1]) of a panel's row.
COUPLEFACE_AVX512 inline void pair_elements(float const* row, bfloat16_pair* pairs) {
  using half16v __attribute__((vector_size(32))) = std::uint16_t;
  for (int l = 0; l < 2; ++l) {
    word16v const words = bfloat16_words(load_vector<float16v>(row + 16 * l));
    store_vector(pairs + 8 * l, __builtin_convertvector(words, half16v));
  }
}

/// sum + the two products of each word's halves; a subnormal counts as 0.
COUPLEFACE_AVX512_BF16 COUPLEFACE_ALWAYS_INLINE float16v multiply_add_bfloat16(word16v a, word16v b,
                                                                               float16v sum) {
  // Each compiler's builtin takes another type.
  asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

/// out [product_rows, panel_width] (+)= left * right. `right` points to `pairs` rows of one panel,
/// each a pair of rows of the matrix. `left` points to its first element: for left_side::rows, pair
/// k of row r is at [r * panel_pairs + k], within panels that are `left_next` apart; for
/// left_side::columns, pair k of column r is at [k * panel_width + r].
template <left_side Side>
COUPLEFACE_AVX512_BF16 void bfloat16_product(index_t pairs, bfloat16_pair const* left,
                                             index_t left_next, bfloat16_pair const* right,
                                             float* out, index_t stride, bool add) {
  constexpr index_t width = panel_width<float>, lanes = 16;
  constexpr index_t row_step = Side == left_side::rows ? panel_pairs : 1;
  constexpr index_t pair_step = Side == left_side::rows ? 1 : width;
  float16v sums[std::size_t(product_rows)][2] = {};
  for (index_t r = 0; add && r < product_rows; ++r) {
    sums[r][0] = load_vector<float16v>(out + r * stride);
    sums[r][1] = load_vector<float16v>(out + r * stride + lanes);
  }
  for (index_t first = 0; first < pairs; first += panel_pairs) {
    bfloat16_pair const* a = left;
    bfloat16_pair const* const end = right + std::min(panel_pairs, pairs - first) * width;
    for (; right != end; right += width, a += pair_step) {
      auto const b0 = load_vector<word16v>(right), b1 = load_vector<word16v>(right + lanes);
      COUPLEFACE_UNROLL_LOOP(8)
      for (index_t r = 0; r < product_rows; ++r) {
        word16v const both = a[r * row_step] - word16v{};
        sums[r][0] = multiply_add_bfloat16(both, b0, sums[r][0]);
        sums[r][1] = multiply_add_bfloat16(both, b1, sums[r][1]);
      }
    }
    left += Side == left_side::rows ? left_next : panel_pairs * width;
  }
  for (index_t r = 0; r < product_rows; ++r) {
    store_vector(out + r * stride, sums[r][0]);
    store_vector(out + r * stride + lanes, sums[r][1]);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
