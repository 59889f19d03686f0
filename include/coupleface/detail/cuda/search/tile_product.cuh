// SPDX-License-Identifier: Apache-2.0
// coupleface: one tile of the product of packed rows, computed by a block in its threads'
// registers.
//
// Four warps compute a quarter of 128 x 128 each. Rows pass through shared memory 32 columns at a
// time; the next columns are copied while the block computes. Rows of a tile are 80 bytes apart
// there, so that the eight rows a warp reads at once lie in different banks.
//
// If tensor cores do not support bfloat16, sums are computed in float: slower, but more accurate
// than screen_error assumes for tensor cores.
#pragma once

#include <coupleface/detail/cuda/tensor_core.cuh>
#include <coupleface/detail/search/device_plan.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr int product_threads = 128;
inline constexpr int warp_side = 64;     ///< rows and columns of a warp's quarter
inline constexpr int words_across = 20;  ///< distance between rows of a stage
inline constexpr int stage_words = 2 * int(tile_rows) * words_across;
inline constexpr index_t product_shared_bytes = 2 * stage_words * 4;

/// The tile's row and column of sum `e` of a thread, in the 16 x 8 tile (i, j) of its warp.
COUPLEFACE_HOST_DEVICE constexpr int sum_row(int thread, int i, int e) {
  return thread / 64 * warp_side + i * 16 + thread % 32 / 4 + e / 2 * 8;
}
COUPLEFACE_HOST_DEVICE constexpr int sum_column(int thread, int j, int e) {
  return thread / 32 % 2 * warp_side + j * 8 + thread % 4 * 2 + e % 2;
}

/// @tparam in_float  also if there are tensor cores, for tests
template <class Element, bool in_float = false>
class tile_product {
 public:
  static_assert(sizeof(Element) == 2);
  static constexpr int down = warp_side / 16, across = warp_side / 8;

  /// Multiplies rows [left_first, left_first + 128) by the 128 rows from right_first on. A row past
  /// the last one repeats the last one.
  COUPLEFACE_HOST_DEVICE tile_product(Element const* left, index_t left_first, index_t left_rows,
                                      Element const* right, index_t right_first, index_t right_rows,
                                      index_t stride) {
    auto* const stages = reinterpret_cast<std::uint32_t*>(shared_memory());
    index_t const steps = stride / packed_multiple;
    // Thread t copies a quarter of the rows t / 4, t / 4 + 32, ...
    auto const fetch = [&](index_t step) {
      int const part = thread_in_block() % 4;
      for (int r = thread_in_block() / 4; r < 2 * tile_rows; r += product_threads / 4) {
        bool const is_left = r < tile_rows;
        index_t const row = smaller((is_left ? left_first : right_first - tile_rows) + r,
                                    (is_left ? left_rows : right_rows) - 1);
        copy_to_shared(stages + step % 2 * stage_words + r * words_across + part * 4,
                       (is_left ? left : right) + row * stride + step * packed_multiple + part * 8);
      }
      end_copies();
    };
    if (steps > 0) { fetch(0); }
    for (index_t step = 0; step < steps; ++step) {
      if (step + 1 < steps) {
        fetch(step + 1);
        wait_for_copies<1>();
      } else {
        wait_for_copies<0>();
      }
      wait_for_block();
      std::uint32_t const* const stage = stages + step % 2 * stage_words;
      if constexpr (in_float || !has_tile_products()) {
        multiply_in_float(stage);
      } else {
        multiply(stage);
        multiply(stage + 8);
      }
      wait_for_block();
    }
  }

  /// Calls f(row, column, sum) for this thread's sums, with row and column within the tile.
  template <class Function>
  COUPLEFACE_HOST_DEVICE void visit(Function f) const {
    COUPLEFACE_UNROLL
    for (int i = 0; i < down; ++i) {
      COUPLEFACE_UNROLL
      for (int j = 0; j < across; ++j) {
        COUPLEFACE_UNROLL
        for (int e = 0; e < 4; ++e) {
          f(sum_row(thread_in_block(), i, e), sum_column(thread_in_block(), j, e), sums_[i][j][e]);
        }
      }
    }
  }

 private:
  /// Multiplies sixteen columns, starting at the word `at`.
  COUPLEFACE_HOST_DEVICE void multiply(std::uint32_t const* at) {
    int const thread = thread_in_block(), t = thread % 4;
    std::uint32_t a[down][4], b[across][2];
    COUPLEFACE_UNROLL
    for (int i = 0; i < down; ++i) {
      std::uint32_t const* const upper = at + sum_row(thread, i, 0) * words_across + t;
      std::uint32_t const* const lower = at + sum_row(thread, i, 2) * words_across + t;
      a[i][0] = upper[0], a[i][1] = lower[0], a[i][2] = upper[4], a[i][3] = lower[4];
    }
    COUPLEFACE_UNROLL
    for (int j = 0; j < across; ++j) {
      int const row = int(tile_rows) + thread / 32 % 2 * warp_side + j * 8 + thread % 32 / 4;
      b[j][0] = at[row * words_across + t], b[j][1] = at[row * words_across + t + 4];
    }
    COUPLEFACE_UNROLL
    for (int i = 0; i < down; ++i) {
      COUPLEFACE_UNROLL
      for (int j = 0; j < across; ++j) { multiply_tiles<Element>(sums_[i][j], a[i], b[j]); }
    }
  }

  /// Multiplies all columns of a stage, one word at a time, for the rows and columns of this
  /// thread's sums.
  COUPLEFACE_HOST_DEVICE void multiply_in_float(std::uint32_t const* at) {
    int const thread = thread_in_block();
    for (int word = 0; word < packed_multiple / 2; ++word) {
      std::uint32_t right[across][2];
      COUPLEFACE_UNROLL
      for (int j = 0; j < across; ++j) {
        COUPLEFACE_UNROLL
        for (int e = 0; e < 2; ++e) {
          right[j][e] = at[(int(tile_rows) + sum_column(thread, j, e)) * words_across + word];
        }
      }
      COUPLEFACE_UNROLL
      for (int i = 0; i < down; ++i) {
        COUPLEFACE_UNROLL
        for (int e = 0; e < 4; ++e) {
          std::uint32_t const left = at[sum_row(thread, i, e) * words_across + word];
          COUPLEFACE_UNROLL
          for (int j = 0; j < across; ++j) { add_words(sums_[i][j][e], left, right[j][e % 2]); }
        }
      }
    }
  }

  COUPLEFACE_HOST_DEVICE static void add_words(float& sum, std::uint32_t a, std::uint32_t b) {
    sum += element_of(a) * element_of(b);
    sum += element_of(a >> 16) * element_of(b >> 16);
  }
  COUPLEFACE_HOST_DEVICE static float element_of(std::uint32_t word) {
    Element x;
    x.bits = static_cast<std::uint16_t>(word);
    return float(x);
  }

  float sums_[down][across][4] = {};
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
