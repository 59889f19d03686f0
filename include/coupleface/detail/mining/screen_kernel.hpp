// coupleface: the product of two packed panels of rows, which only screens, and which of its
// elements reach a threshold. Each kernel has a portable twin that the tests compare it with.
//
// A panel holds its rows column by column, word by word: word w of row r lies at [w * rows + r].
// A word is one float, or two bfloat16 (the lower half is the element of smaller index).
#pragma once

#include <coupleface/detail/vectors.hpp>
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

/// What a word holds.
enum class screen_element { float32, bfloat16_pair };

/// out [left_rows, right_rows] = left panel * right panel^T, sums in float in some order.
using product_kernel = void (*)(index_t words, panel_word const* left, panel_word const* right,
                                float* out);

/// Bit c of row_hits[r]: out(r, c) >= row_thresholds[r]; of column_hits[r]: >=
/// column_thresholds[c]. NaN reaches no threshold. Says whether there is any.
using hits_kernel = bool (*)(float const* out, float const* row_thresholds,
                             float const* column_thresholds, std::uint32_t* row_hits,
                             std::uint32_t* column_hits);

inline float word_float(panel_word word) { return element_bits::float_of(word); }
inline float low_bfloat16(panel_word word) { return element_bits::float_of(word << 16); }
inline float high_bfloat16(panel_word word) { return element_bits::float_of(word & 0xffff0000u); }

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

inline void portable_bfloat16_product(index_t words, panel_word const* left,
                                      panel_word const* right, float* out) {
  for (int r = 0; r < left_rows; ++r) {
    float sums[right_rows] = {};
    for (index_t w = 0; w < words; ++w) {
      panel_word const a = left[w * left_rows + r];
      for (int c = 0; c < right_rows; ++c) {
        panel_word const b = right[w * right_rows + c];
        sums[c] += high_bfloat16(a) * high_bfloat16(b);
        sums[c] += low_bfloat16(a) * low_bfloat16(b);
      }
    }
    std::memcpy(out + r * right_rows, sums, sizeof sums);
  }
}

inline bool portable_hits(float const* out, float const* row_thresholds,
                          float const* column_thresholds, std::uint32_t* row_hits,
                          std::uint32_t* column_hits) {
  std::uint32_t any = 0;
  for (int r = 0; r < left_rows; ++r) {
    row_hits[r] = column_hits[r] = 0;
    for (int c = 0; c < right_rows; ++c) {
      float const x = out[r * right_rows + c];
      row_hits[r] |= std::uint32_t(x >= row_thresholds[r]) << c;
      column_hits[r] |= std::uint32_t(x >= column_thresholds[c]) << c;
    }
    any |= row_hits[r] | column_hits[r];
  }
  return any != 0;
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

COUPLEFACE_AVX512_BF16 inline void avx512_bfloat16_product(index_t words, panel_word const* left,
                                                           panel_word const* right, float* out) {
  float16v sums[left_rows][2] = {};
  for (index_t w = 0; w < words; ++w) {
    auto const b0 = load_vector<word16v>(right + w * right_rows);
    auto const b1 = load_vector<word16v>(right + w * right_rows + 16);
#pragma GCC unroll 14
    for (int r = 0; r < left_rows; ++r) {
      word16v const a = left[w * left_rows + r] - word16v{};
      sums[r][0] = multiply_add_pairs(a, b0, sums[r][0]);
      sums[r][1] = multiply_add_pairs(a, b1, sums[r][1]);
    }
  }
  __builtin_memcpy(out, sums, sizeof sums);
}

COUPLEFACE_AVX512 inline bool avx512_hits(float const* out, float const* row_thresholds,
                                          float const* column_thresholds, std::uint32_t* row_hits,
                                          std::uint32_t* column_hits) {
  auto const c0 = load_vector<float16v>(column_thresholds);
  auto const c1 = load_vector<float16v>(column_thresholds + 16);
  std::uint32_t any = 0;
  for (int r = 0; r < left_rows; ++r) {
    auto const x0 = load_vector<float16v>(out + r * right_rows);
    auto const x1 = load_vector<float16v>(out + r * right_rows + 16);
    float16v const t = row_thresholds[r] - float16v{};
    row_hits[r] = reaches(x0, t) | reaches(x1, t) << 16;
    column_hits[r] = reaches(x0, c0) | reaches(x1, c1) << 16;
    any |= row_hits[r] | column_hits[r];
  }
  return any != 0;
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
    return element == screen_element::float32 ? width : (width + 1) / 2;
  }
};

inline screen_kernels portable_screen(screen_element element) {
  return {element,
          element == screen_element::float32 ? portable_float_product : portable_bfloat16_product,
          portable_hits};
}

/// The kernels for an element type that suit the processor this runs on.
inline screen_kernels native_screen(screen_element element) {
#if COUPLEFACE_VECTORS
  if (element == screen_element::float32 && has_avx512()) {
    return {element, avx512_float_product, avx512_hits};
  }
  if (element == screen_element::bfloat16_pair && has_avx512_bf16()) {
    return {element, avx512_bfloat16_product, avx512_hits};
  }
#endif
  return portable_screen(element);
}

/// The quickest screen: half width where the processor multiplies it at twice the rate.
inline screen_kernels best_screen() {
  return native_screen(has_avx512_bf16() ? screen_element::bfloat16_pair : screen_element::float32);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
