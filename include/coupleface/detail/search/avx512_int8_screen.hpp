// SPDX-License-Identifier: Apache-2.0
// coupleface: the coarse screen's kernels for AVX512-VNNI.
#pragma once

#include <coupleface/detail/search/int8_screen.hpp>
#include <coupleface/detail/simd/avx512.hpp>

#if COUPLEFACE_VECTORS

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

COUPLEFACE_AVX512_VNNI COUPLEFACE_ALWAYS_INLINE whole16v multiply_add_quads(word16v const& a,
                                                                            word16v const& b,
                                                                            whole16v const& sum) {
#if defined(__clang__)
  return __builtin_ia32_vpdpbusd512(sum, (whole16v)a, (whole16v)b);
#else
  return __builtin_ia32_vpdpbusd_v16si(sum, (whole16v)a, (whole16v)b);
#endif
}

COUPLEFACE_AVX512_VNNI inline void avx512_int8_product(index_t words, panel_word const* left,
                                                       panel_word const* right, float* out) {
  constexpr int lanes = 16;
  index_t const unit = words - int8_trailer, offset = unit + 1, slack = unit + 2;
  whole16v sums[left_rows][2] = {};
  for (index_t w = 0; w < unit; ++w) {
    auto const b0 = load_vector<word16v>(right + w * right_rows);
    auto const b1 = load_vector<word16v>(right + w * right_rows + lanes);
#pragma GCC unroll 14
    for (int r = 0; r < left_rows; ++r) {
      word16v const a = left[w * left_rows + r] - word16v{};
      sums[r][0] = multiply_add_quads(a, b0, sums[r][0]);
      sums[r][1] = multiply_add_quads(a, b1, sums[r][1]);
    }
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    int const c = half * lanes;
    auto const less = load_vector<whole16v>(right + offset * right_rows + c);
    auto const b = load_vector<float16v>(right + unit * right_rows + c);
    auto const more = load_vector<float16v>(right + slack * right_rows + c);
#pragma GCC unroll 14
    for (int r = 0; r < left_rows; ++r) {
      float const a = word_float(left[unit * left_rows + r]);
      float const g = word_float(left[slack * left_rows + r]);
      float16v const product = __builtin_convertvector(sums[r][half] - less, float16v) * b * a;
      store_vector(out + r * right_rows + c, product + (more + g));
    }
  }
}

/// The sum of the products of two rows of pairs.
COUPLEFACE_AVX512_VNNI COUPLEFACE_ALWAYS_INLINE std::int32_t fine_product(index_t words,
                                                                          panel_word const* a,
                                                                          panel_word const* b) {
  constexpr index_t lanes = 16;
  whole16v first = {}, second = {};
  index_t w = 0;
  for (; w + 2 * lanes <= words; w += 2 * lanes) {
    first = multiply_add_pairs(load_vector<word16v>(a + w), load_vector<word16v>(b + w), first);
    second = multiply_add_pairs(load_vector<word16v>(a + w + lanes),
                                load_vector<word16v>(b + w + lanes), second);
  }
  if (w < words) {
    first = multiply_add_pairs(load_vector<word16v>(a + w), load_vector<word16v>(b + w), first);
  }
  return sum_of_lanes(first + second);
}

// Not by refine_each(): fine_product() cannot be inlined into a function without the attribute.
COUPLEFACE_AVX512_VNNI inline void avx512_refine(fine_tile const& tile, product_hits const& hits,
                                                 float* products) {
  std::int32_t elements[product_hits::most + 1];
  std::int32_t const count = distinct_hits(hits, elements);
  for (std::int32_t h = 0; h < count; ++h) {
    std::int32_t const e = elements[h];
    products[e] = -std::numeric_limits<float>::infinity();
    if (is_padding(tile, e)) { continue; }
    products[e] = refined(tile, e,
                          fine_product(tile.words, tile.left + e / right_rows * tile.words,
                                       tile.right + e % right_rows * tile.words));
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
