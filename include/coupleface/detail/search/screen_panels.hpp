// SPDX-License-Identifier: Apache-2.0
// coupleface: the panels that a screen multiplies.
//
// A panel holds its rows column by column, word by word: word w of row r is at [w * rows + r]. A
// word is one float, or two 16-bit integers (the lower half is the element with the smaller index).
// A row of integers is followed by one more word, the float that they are multiples of. A word of
// four 8-bit integers belongs to a first, coarse screen; int8_screen.hpp has its format.
#pragma once

#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rows of a left and of a right panel: 28 accumulators of 16 floats.
inline constexpr int left_rows = 14;
inline constexpr int right_rows = 32;

using panel_word = std::uint32_t;

/// Half the distance from 1 to the next float: the relative error of rounding to nearest.
inline constexpr double float_unit = 0x1p-24;

/// The content of a word.
enum class screen_element { float32, int16_pair, int8_quad };

/// out [left_rows, right_rows] = left panel * right panel^T. Sums are in float in some order, or
/// are exact sums of integers, rounded once and scaled. || a || || b || of integer rows is below
/// 2^31, so every partial sum of their products is too.
using product_kernel = void (*)(index_t words, panel_word const* left, panel_word const* right,
                                float* out);

/// The elements of a product that reach a threshold, ascending: element r * right_rows + c is
/// out(r, c). Entries past the counts are unspecified.
struct product_hits {
  static constexpr int most = left_rows * right_rows;
  static constexpr int ahead = 16;  ///< slack, because whole vectors are written
  std::int32_t rows, columns;       ///< hits by row threshold and by column threshold
  std::int32_t by_row[most + ahead], by_column[most + ahead];
};

/// By row: out(r, c) >= row_thresholds[r]; by column: >= column_thresholds[c]. NaN reaches none.
using hits_kernel = void (*)(float const* out, float const* row_thresholds,
                             float const* column_thresholds, product_hits& hits);

/// One tile of rows that are also packed row by row as pairs of integers, without their units:
/// `words` words a row, in whole vectors.
struct fine_tile {
  panel_word const *left, *right;              ///< the first row of each side
  panel_word const *left_units, *right_units;  ///< what their integers are multiples of
  index_t words;
  int rows, columns;  ///< present; the others of a panel are padding
};

/// Replaces the products of all hits by those of the integers; those of padding by -infinity.
using refine_kernel = void (*)(fine_tile const& tile, product_hits const& hits, float* products);

inline float word_float(panel_word word) { return element_bits::float_of(word); }
inline std::int32_t low_whole(panel_word word) { return static_cast<std::int16_t>(word & 0xffffu); }
inline std::int32_t high_whole(panel_word word) { return static_cast<std::int16_t>(word >> 16); }

}  // namespace detail
COUPLEFACE_NAMESPACE_END
