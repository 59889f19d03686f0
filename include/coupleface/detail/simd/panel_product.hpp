// SPDX-License-Identifier: Apache-2.0
// coupleface: products of matrices stored in panels, for results that a rounding bound covers.
//
// Panel p of a matrix [m, n] holds its columns p * panel_width ..., row by row: element (i, j) is
// at [(j / panel_width * m + i) * panel_width + j % panel_width]. This one layout serves both sides
// of a product, as it is or transposed.
#pragma once

#include <coupleface/detail/simd/plain_vector.hpp>
#include <coupleface/detail/simd/target.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Two AVX-512 vectors: 8 x 2 accumulators hide the latency of multiply-add and leave registers for
/// a panel's row. 8 divides panel_width, so a panel serves on either side without repacking.
template <class T>
inline constexpr index_t panel_width = index_t(128 / sizeof(T));
inline constexpr index_t product_rows = 8;

/// What the 8 rows of the left operand are, if `left` points to their first element.
enum class left_side {
  rows,    ///< matrix rows: element k of row r at [r * panel_width + k], within each panel
  columns  ///< matrix columns: element k of column r at [k * panel_width + r], within one panel
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/simd/panel_product.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// out [product_rows, panel_width] (+)= left * right; operands as for product_block().
template <left_side Side, class T>
void panel_product(index_t depth, T const* left, index_t left_next, T const* right, T* out,
                   index_t stride, bool add) {
  COUPLEFACE_RETURN_KERNEL(panel_product<Side>(depth, left, left_next, right, out, stride, add));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
