// SPDX-License-Identifier: Apache-2.0
// coupleface: products of matrices stored in panels, for results that a rounding bound covers.
//
// Panel p of a matrix [m, n] holds its columns p * panel_width ..., row by row: element (i, j) is
// at [(j / panel_width * m + i) * panel_width + j % panel_width]. This one layout serves both sides
// of a product, as it is or transposed.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/simd/avx512.hpp>
#include <coupleface/detail/simd/portable.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

/// out [Rows, two Vectors] (+)= left * right. `left_next` is the distance between panels of the
/// left operand; `right` points to `depth` rows of one panel; rows of `out` are `stride` apart.
template <class Vector, index_t Rows, left_side Side, class T>
COUPLEFACE_ALWAYS_INLINE void product_block(index_t depth, T const* left, index_t left_next,
                                            T const* right, T* out, index_t stride, bool add) {
  constexpr index_t width = panel_width<T>, lanes = index_t(sizeof(Vector) / sizeof(T));
  constexpr index_t row_step = Side == left_side::rows ? width : 1;
  constexpr index_t depth_step = Side == left_side::rows ? 1 : width;
  Vector sums[std::size_t(Rows)][2] = {}, b[2];
  for (index_t r = 0; add && r < Rows; ++r) {
    std::memcpy(&sums[r][0], out + r * stride, sizeof(Vector));
    std::memcpy(&sums[r][1], out + r * stride + lanes, sizeof(Vector));
  }
  for (index_t first = 0; first < depth; first += width) {
    T const* a = left;
    T const* const end = right + std::min(width, depth - first) * width;
    for (; right != end; right += width, a += depth_step) {
      std::memcpy(&b[0], right, sizeof(Vector));
      std::memcpy(&b[1], right + lanes, sizeof(Vector));
      COUPLEFACE_UNROLL_LOOP(8)
      for (index_t r = 0; r < Rows; ++r) {
        sums[r][0] += a[r * row_step] * b[0];
        sums[r][1] += a[r * row_step] * b[1];
      }
    }
    left += Side == left_side::rows ? left_next : width * width;
  }
  for (index_t r = 0; r < Rows; ++r) {
    std::memcpy(out + r * stride, &sums[r][0], sizeof(Vector));
    std::memcpy(out + r * stride + lanes, &sums[r][1], sizeof(Vector));
  }
}

/// out [product_rows, panel_width] (+)= left * right, in blocks that fit 16 registers.
template <class Vector, left_side Side, class T>
void product_by_blocks(index_t depth, T const* left, index_t left_next, T const* right, T* out,
                       index_t stride, bool add) {
  constexpr index_t rows = 4, columns = index_t(2 * sizeof(Vector) / sizeof(T));
  for (index_t r = 0; r < product_rows; r += rows) {
    T const* const a = left + r * (Side == left_side::rows ? panel_width<T> : 1);
    for (index_t c = 0; c < panel_width<T>; c += columns) {
      product_block<Vector, rows, Side>(depth, a, left_next, right + c, out + r * stride + c,
                                        stride, add);
    }
  }
}

/// The same, with the kernel that suits the processor at run time.
#if COUPLEFACE_VECTORS
template <left_side Side, class T>
COUPLEFACE_AVX512 void avx512_product(index_t depth, T const* left, index_t left_next,
                                      T const* right, T* out, index_t stride, bool add) {
  using vector = std::conditional_t<std::is_same_v<T, float>, float16v, double8v>;
  product_block<vector, product_rows, Side>(depth, left, left_next, right, out, stride, add);
}
template <left_side Side, class T>
void panel_product(index_t depth, T const* left, index_t left_next, T const* right, T* out,
                   index_t stride, bool add) {
  if (has_avx512()) {
    return avx512_product<Side>(depth, left, left_next, right, out, stride, add);
  }
  product_by_blocks<native_vector<T>, Side>(depth, left, left_next, right, out, stride, add);
}
#else
template <left_side Side, class T>
void panel_product(index_t depth, T const* left, index_t left_next, T const* right, T* out,
                   index_t stride, bool add) {
  product_by_blocks<native_vector<T>, Side>(depth, left, left_next, right, out, stride, add);
}
#endif

}  // namespace detail
COUPLEFACE_NAMESPACE_END
