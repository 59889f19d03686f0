// SPDX-License-Identifier: Apache-2.0
// coupleface: the panels that a screen multiplies.
//
// A panel holds its rows column by column, word by word: word w of row r lies at [w * rows + r].
// A word is one float, or two whole numbers of 16 bits (the lower half is the element of smaller
// index); behind the whole numbers a row has one more word, the float that they are multiples of.
#pragma once

#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#include <cstdint>

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

}  // namespace detail
COUPLEFACE_NAMESPACE_END
