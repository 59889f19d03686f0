// SPDX-License-Identifier: Apache-2.0
// coupleface: a coarse screen in 8-bit integers, before that in 16 bits.
//
// The product of two panels is an upper bound of every score, and costs half of one in 16 bits.
// Only where it reaches a threshold are the rows' 16-bit integers multiplied, which are kept row by
// row. What the lists are offered has the same bits as without the coarse screen.
//
// A row u is packed as v, 8-bit multiples of one float, and E = || u - v || is measured. If no norm
// exceeds M,
//   u_a . u_b = v_a . v_b + (u_a - v_a) . u_b + v_a . (u_b - v_b)
//            <= v_a . v_b + g_a + g_b,   g = E M + E^2 / 2
// (|| v_a || <= M + E_a, and E_a E_b <= (E_a^2 + E_b^2) / 2). Each row stores its own g. It also
// covers half the error of the 16-bit product and of the float operations here.
//
// A panel's row: width / 4 words of integers, the lowest byte first; then the float that they are
// multiples of; 128 times their sum; g; the unit of the 16-bit integers. The bytes of a left panel
// have 128 added, because the processor multiplies unsigned by signed bytes.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/search/screen_panels.hpp>
#include <coupleface/detail/search/whole_row.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr index_t int8_trailer = 4;
inline constexpr panel_word added_to_bytes = 0x80808080u;
/// Sums of products of two such rows fit 32 bits up to a width of 66,000: 255 * 127 * width < 2^31.
inline constexpr index_t widest_int8 = 8192;

inline index_t int8_words(index_t width) { return rounded_up_quotient(width, 4) + int8_trailer; }
inline index_t fine_words(index_t width) { return rounded_up(rounded_up_quotient(width, 2), 16); }

/// What the bound of a row depends on besides the row.
struct int8_bound {
  double magnitude = 0;  ///< M
  double error = 0;      ///< largest distance between a product in 16 bits and the score

  /// g of a row that packing moved by `residual`. Float operations here and at the thresholds add
  /// at most 16 roundings of values below (M + E)^2, half of them to each row.
  float slack(double residual, index_t width) const {
    double const moved = residual * 1.01 + 2.02 * float_unit * magnitude + double(width) * 0x1p-140;
    double const largest = magnitude + moved;
    return next_above(moved * magnitude + moved * moved / 2 + error / 2 +
                      16 * float_unit * largest * largest);
  }
};

/// Packs a row of floats: words that are `stride` apart, and its 16-bit integers contiguously
/// unless `fine` is null. `left` adds 128 to each byte.
inline void pack_int8_row(float const* x, index_t width, int8_bound const& bound, bool left,
                          panel_word* words, index_t stride, panel_word* fine) {
  constexpr index_t chunk = whole_row::chunk;
  whole_row const coarse(x, width, whole_row::largest_of_8_bits), pairs(x, width);
  double squares[chunk] = {};
  std::int64_t sum = 0;
  for (index_t first = 0; first < width; first += chunk) {
    index_t const count = std::min(chunk, width - first);
    std::int16_t numbers[chunk];
    std::uint8_t bytes[chunk];
    panel_word packed[chunk / 2];
    coarse.write_chunk(first, numbers);
    add_square_gaps(x + first, numbers, double(coarse.unit()), count, squares);
    low_bytes(numbers, bytes);
    for (std::int16_t const number : numbers) { sum += number; }
    std::memcpy(packed, bytes, sizeof bytes);
    for (index_t w = 0; w < rounded_up_quotient(count, 4); ++w) {
      words[(first / 4 + w) * stride] = left ? packed[w] ^ added_to_bytes : packed[w];
    }
    if (fine == nullptr) { continue; }
    pairs.write_chunk(first, numbers);
    std::memcpy(packed, numbers, sizeof numbers);
    std::copy_n(packed, std::min(chunk / 2, fine_words(width) - first / 2), fine + first / 2);
  }
  double square = 0;
  for (double const part : squares) { square += part; }
  float const slack = bound.slack(std::sqrt(square), width);
  panel_word* const trailer = words + rounded_up_quotient(width, 4) * stride;
  trailer[0] = element_bits::bits_of(coarse.unit());
  trailer[stride] = static_cast<panel_word>(static_cast<std::int32_t>(128 * sum));
  trailer[2 * stride] = element_bits::bits_of(slack);
  trailer[3 * stride] = element_bits::bits_of(pairs.unit());
}

inline std::int32_t low_byte(panel_word word, int byte) {
  return static_cast<std::int8_t>(word >> (8 * byte) & 0xffu);
}

inline void portable_int8_product(index_t words, panel_word const* left, panel_word const* right,
                                  float* out) {
  index_t const unit = words - int8_trailer, slack = unit + 2;
  for (int r = 0; r < left_rows; ++r) {
    std::int32_t sums[right_rows] = {};
    for (index_t w = 0; w < unit; ++w) {
      panel_word const word = left[w * left_rows + r] ^ added_to_bytes;
      std::int32_t const a[] = {low_byte(word, 0), low_byte(word, 1), low_byte(word, 2),
                                low_byte(word, 3)};
      for (int c = 0; c < right_rows; ++c) {
        panel_word const b = right[w * right_rows + c];
        sums[c] += a[0] * low_byte(b, 0) + a[1] * low_byte(b, 1) + a[2] * low_byte(b, 2) +
                   a[3] * low_byte(b, 3);
      }
    }
    float const a = word_float(left[unit * left_rows + r]);
    float const g = word_float(left[slack * left_rows + r]);
    for (int c = 0; c < right_rows; ++c) {
      float const product = float(sums[c]) * word_float(right[unit * right_rows + c]) * a;
      out[r * right_rows + c] = product + (word_float(right[slack * right_rows + c]) + g);
    }
  }
}

/// What the products of two panels are without the slack.
inline void subtract_slack(index_t words, panel_word const* left, panel_word const* right,
                           float* products) {
  index_t const slack = words - int8_trailer + 2;
  for (int r = 0; r < left_rows; ++r) {
    for (int c = 0; c < right_rows; ++c) {
      products[r * right_rows + c] -=
          word_float(right[slack * right_rows + c]) + word_float(left[slack * left_rows + r]);
    }
  }
}

/// Writes each element that is a hit by row, by column or by both once; returns their number. May
/// write one entry more.
inline std::int32_t distinct_hits(product_hits const& hits, std::int32_t* out) {
  std::int32_t next = 0, count = hits.rows;
  std::copy_n(hits.by_row, hits.rows, out);
  for (std::int32_t h = 0; h < hits.columns; ++h) {
    std::int32_t const e = hits.by_column[h];
    while (next < hits.rows && hits.by_row[next] < e) { ++next; }
    out[count] = e;  // branch-free: three in ten are no hit by row
    count += next == hits.rows || hits.by_row[next] != e;
  }
  return count;
}

/// The rest of refining an element: its product from the sum of its integers' products.
inline float refined(fine_tile const& tile, std::int32_t e, std::int32_t sum) {
  return float(sum) * word_float(tile.right_units[e % right_rows]) *
         word_float(tile.left_units[e / right_rows]);
}

inline bool is_padding(fine_tile const& tile, std::int32_t e) {
  return e / right_rows >= tile.rows || e % right_rows >= tile.columns;
}

/// A refine_kernel by fine(words, a, b), the sum of the products of two rows of pairs.
template <class Fine>
void refine_each(fine_tile const& tile, product_hits const& hits, float* products, Fine fine) {
  std::int32_t elements[product_hits::most + 1];
  std::int32_t const count = distinct_hits(hits, elements);
  for (std::int32_t h = 0; h < count; ++h) {
    std::int32_t const e = elements[h];
    products[e] = -std::numeric_limits<float>::infinity();
    if (is_padding(tile, e)) { continue; }
    products[e] = refined(tile, e,
                          fine(tile.words, tile.left + e / right_rows * tile.words,
                               tile.right + e % right_rows * tile.words));
  }
}

inline std::int32_t portable_fine_product(index_t words, panel_word const* a, panel_word const* b) {
  std::int32_t sum = 0;
  for (index_t w = 0; w < words; ++w) {
    sum += low_whole(a[w]) * low_whole(b[w]);
    sum += high_whole(a[w]) * high_whole(b[w]);
  }
  return sum;
}
inline void portable_refine(fine_tile const& tile, product_hits const& hits, float* products) {
  refine_each(tile, hits, products, portable_fine_product);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
