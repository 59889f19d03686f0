// SPDX-License-Identifier: Apache-2.0
// coupleface: the screen's portable kernels.
#pragma once

#include <coupleface/detail/search/screen_panels.hpp>

#include <cstring>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline void portable_float_product(index_t words, panel_word const* left, panel_word const* right,
                                   float* out) {
  for (int r = 0; r < left_rows; r += 2) {  // two rows: as many accumulators as 16 registers hold
    float first[right_rows] = {}, second[right_rows] = {};
    for (index_t w = 0; w < words; ++w) {
      float const a = word_float(left[w * left_rows + r]);
      float const b = word_float(left[w * left_rows + r + 1]);
      for (int c = 0; c < right_rows; ++c) {
        float const x = word_float(right[w * right_rows + c]);
        first[c] += a * x;
        second[c] += b * x;
      }
    }
    std::memcpy(out + r * right_rows, first, sizeof first);
    std::memcpy(out + (r + 1) * right_rows, second, sizeof second);
  }
}

inline void portable_int16_product(index_t words, panel_word const* left, panel_word const* right,
                                   float* out) {
  index_t const unit = words - 1;
  for (int r = 0; r < left_rows; ++r) {
    std::int32_t sums[right_rows] = {};
    for (index_t w = 0; w < unit; ++w) {
      panel_word const a = left[w * left_rows + r];
      for (int c = 0; c < right_rows; ++c) {
        panel_word const b = right[w * right_rows + c];
        sums[c] += low_whole(a) * low_whole(b);
        sums[c] += high_whole(a) * high_whole(b);
      }
    }
    float const a = word_float(left[unit * left_rows + r]);
    for (int c = 0; c < right_rows; ++c) {
      out[r * right_rows + c] = float(sums[c]) * word_float(right[unit * right_rows + c]) * a;
    }
  }
}

inline void portable_hits(float const* out, float const* row_thresholds,
                          float const* column_thresholds, product_hits& hits) {
  hits.rows = hits.columns = 0;
  for (std::int32_t e = 0; e < left_rows * right_rows; ++e) {
    hits.by_row[hits.rows] = hits.by_column[hits.columns] = e;
    hits.rows += out[e] >= row_thresholds[e / right_rows];
    hits.columns += out[e] >= column_thresholds[e % right_rows];
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
