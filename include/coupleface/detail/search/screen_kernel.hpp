// coupleface: the product of two packed panels of rows, which only screens, and which of its
// elements reach a threshold. Each kernel has a portable twin that the tests compare it with.
//
// A panel holds its rows column by column, word by word: word w of row r lies at [w * rows + r].
// A word is one float, or two whole numbers of 16 bits (the lower half is the element of smaller
// index); behind the whole numbers a row has one more word, the float that they are multiples of.
#pragma once

#include <coupleface/detail/simd/avx512.hpp>
#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#include <cstdint>
#include <cstring>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rows of a panel on the left and on the right: 28 accumulators of 16 floats.
inline constexpr int left_rows = 14;
inline constexpr int right_rows = 32;

using panel_word = std::uint32_t;

/// Half of the distance from 1 to the next float: how far rounding to nearest moves, relatively.
inline constexpr double float_unit = 0x1p-24;

/// What a word holds.
enum class screen_element { float32, int16_pair };

/// out [left_rows, right_rows] = left panel * right panel^T: sums in float in some order, or exact
/// sums of whole numbers, rounded once and scaled. || a || || b || of whole numbers is under 2^31,
/// and so is then every sum of some of their products.
using product_kernel = void (*)(index_t words, panel_word const* left, panel_word const* right,
                                float* out);

/// The elements of a product that reach a threshold: element r * right_rows + c stands for out(r,
/// c). Ascending; what lies behind the counts is anything.
struct product_hits {
  static constexpr int most = left_rows * right_rows;
  static constexpr int ahead = 16;  ///< written in whole vectors
  std::int32_t rows, columns;       ///< how many reach their row's threshold, their column's
  std::int32_t by_row[most + ahead], by_column[most + ahead];
};

/// By row: out(r, c) >= row_thresholds[r]; by column: >= column_thresholds[c]. NaN reaches none.
using hits_kernel = void (*)(float const* out, float const* row_thresholds,
                             float const* column_thresholds, product_hits& hits);

inline float word_float(panel_word word) { return element_bits::float_of(word); }
inline std::int32_t low_whole(panel_word word) { return static_cast<std::int16_t>(word & 0xffffu); }
inline std::int32_t high_whole(panel_word word) { return static_cast<std::int16_t>(word >> 16); }

inline void portable_float_product(index_t words, panel_word const* left, panel_word const* right,
                                   float* out) {
  for (int r = 0; r < left_rows; r += 2) {  // as many accumulators as 16 registers hold
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

#if COUPLEFACE_VECTORS

COUPLEFACE_AVX512 inline void avx512_float_product(index_t words, panel_word const* left,
                                                   panel_word const* right, float* out) {
  float16v sums[left_rows][2] = {};
  for (index_t w = 0; w < words; ++w) {
    auto const b0 = load_vector<float16v>(right + w * right_rows);
    auto const b1 = load_vector<float16v>(right + w * right_rows + 16);
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
    auto const b1 = load_vector<word16v>(right + w * right_rows + 16);
#pragma GCC unroll 14
    for (int r = 0; r < left_rows; ++r) {
      word16v const a = left[w * left_rows + r] - word16v{};
      sums[r][0] = multiply_add_pairs(a, b0, sums[r][0]);
      sums[r][1] = multiply_add_pairs(a, b1, sums[r][1]);
    }
  }
  auto const b0 = load_vector<float16v>(right + unit * right_rows);
  auto const b1 = load_vector<float16v>(right + unit * right_rows + 16);
#pragma GCC unroll 14
  for (int r = 0; r < left_rows; ++r) {
    float16v const a = word_float(left[unit * left_rows + r]) - float16v{};
    store_vector(out + r * right_rows, __builtin_convertvector(sums[r][0], float16v) * b0 * a);
    store_vector(out + r * right_rows + 16, __builtin_convertvector(sums[r][1], float16v) * b1 * a);
  }
}

// Without a branch: about one element in fifty is a hit, so that which one is next cannot be
// foreseen.
COUPLEFACE_AVX512 inline void avx512_hits(float const* out, float const* row_thresholds,
                                          float const* column_thresholds, product_hits& hits) {
  auto const c0 = load_vector<float16v>(column_thresholds);
  auto const c1 = load_vector<float16v>(column_thresholds + 16);
  word16v elements = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  std::int32_t rows = 0, columns = 0;
#pragma GCC unroll 2
  for (int at = 0; at < left_rows * right_rows; at += 16) {
    auto const x = load_vector<float16v>(out + at);
    float16v const t = row_thresholds[at / right_rows] - float16v{};
    rows += store_chosen(hits.by_row + rows, elements, reaches(x, t));
    columns += store_chosen(hits.by_column + columns, elements,
                            reaches(x, at % right_rows == 0 ? c0 : c1));
    elements += 16;
  }
  hits.rows = rows;
  hits.columns = columns;
}

#endif

/// The kernels of one element type. Each product is right to within screen_error of
/// packed_rows.hpp.
struct screen_kernels {
  screen_element element;
  product_kernel product;
  hits_kernel hits;

  /// Words of a row of `width` elements.
  index_t words(index_t width) const {
    return element == screen_element::float32 ? width : (width + 1) / 2 + 1;
  }
  /// What an addition may lose of the sum's magnitude.
  double sum_unit() const { return element == screen_element::float32 ? float_unit : 0; }
};

inline screen_kernels portable_screen(screen_element element) {
  return {element,
          element == screen_element::float32 ? portable_float_product : portable_int16_product,
          portable_hits};
}

/// The kernels for an element type that suit the processor this runs on.
inline screen_kernels native_screen(screen_element element) {
#if COUPLEFACE_VECTORS
  if (element == screen_element::float32 && has_avx512()) {
    return {element, avx512_float_product, avx512_hits};
  }
  if (element == screen_element::int16_pair && has_avx512_vnni()) {
    return {element, avx512_int16_product, avx512_hits};
  }
#endif
  return portable_screen(element);
}

/// The quickest screen: half width where the processor multiplies it at twice the rate.
inline screen_kernels best_screen() {
  return native_screen(has_avx512_vnni() ? screen_element::int16_pair : screen_element::float32);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
