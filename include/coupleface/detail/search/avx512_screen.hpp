// SPDX-License-Identifier: Apache-2.0
// coupleface: the screen's AVX-512 kernels, chosen at run time by the processor.
#pragma once

#include <coupleface/detail/search/screen_panels.hpp>
#include <coupleface/detail/simd/avx512.hpp>

#if COUPLEFACE_VECTORS

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int avx512_floats = 16;  ///< floats per vector; right_rows is two vectors
static_assert(right_rows == 2 * avx512_floats, "coupleface: a panel's rows are two vectors");

COUPLEFACE_AVX512 inline void avx512_float_product(index_t words, panel_word const* left,
                                                   panel_word const* right, float* out) {
  float16v sums[left_rows][2] = {};
  for (index_t w = 0; w < words; ++w) {
    auto const b0 = load_vector<float16v>(right + w * right_rows);
    auto const b1 = load_vector<float16v>(right + w * right_rows + avx512_floats);
#pragma GCC unroll 14
    for (int r = 0; r < left_rows; ++r) {
      float16v const a = word_float(left[w * left_rows + r]) - float16v{};
      sums[r][0] = multiply_add(a, b0, sums[r][0]);
      sums[r][1] = multiply_add(a, b1, sums[r][1]);
    }
  }
  __builtin_memcpy(out, sums, sizeof sums);
}

COUPLEFACE_AVX512_VNNI inline void avx512_int16_product(index_t words, panel_word const* left,
                                                        panel_word const* right, float* out) {
  index_t const unit = words - 1;
  whole16v sums[left_rows][2] = {};
  for (index_t w = 0; w < unit; ++w) {
    auto const b0 = load_vector<word16v>(right + w * right_rows);
    auto const b1 = load_vector<word16v>(right + w * right_rows + avx512_floats);
#pragma GCC unroll 14
    for (int r = 0; r < left_rows; ++r) {
      word16v const a = left[w * left_rows + r] - word16v{};
      sums[r][0] = multiply_add_pairs(a, b0, sums[r][0]);
      sums[r][1] = multiply_add_pairs(a, b1, sums[r][1]);
    }
  }
  auto const b0 = load_vector<float16v>(right + unit * right_rows);
  auto const b1 = load_vector<float16v>(right + unit * right_rows + avx512_floats);
#pragma GCC unroll 14
  for (int r = 0; r < left_rows; ++r) {
    float16v const a = word_float(left[unit * left_rows + r]) - float16v{};
    store_vector(out + r * right_rows, __builtin_convertvector(sums[r][0], float16v) * b0 * a);
    store_vector(out + r * right_rows + avx512_floats,
                 __builtin_convertvector(sums[r][1], float16v) * b1 * a);
  }
}

// Branch-free: about one element in fifty is a hit, so a branch would be unpredictable.
COUPLEFACE_AVX512 inline void avx512_hits(float const* out, float const* row_thresholds,
                                          float const* column_thresholds, product_hits& hits) {
  auto const c0 = load_vector<float16v>(column_thresholds);
  auto const c1 = load_vector<float16v>(column_thresholds + avx512_floats);
  word16v elements = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  std::int32_t rows = 0, columns = 0;
#pragma GCC unroll 2
  for (int at = 0; at < left_rows * right_rows; at += avx512_floats) {
    auto const x = load_vector<float16v>(out + at);
    float16v const t = row_thresholds[at / right_rows] - float16v{};
    rows += store_chosen(hits.by_row + rows, elements, reaches(x, t));
    columns += store_chosen(hits.by_column + columns, elements,
                            reaches(x, at % right_rows == 0 ? c0 : c1));
    elements += avx512_floats;
  }
  hits.rows = rows;
  hits.columns = columns;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
