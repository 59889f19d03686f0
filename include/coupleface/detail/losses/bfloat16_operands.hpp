// SPDX-License-Identifier: Apache-2.0
// coupleface: the operands of a margin softmax's products as pairs of bfloat16, for AVX512-BF16.
#pragma once

#include <coupleface/detail/losses/softmax_operands.hpp>
#include <coupleface/detail/simd/avx512_bfloat16.hpp>

#if COUPLEFACE_VECTORS

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// As panel_operands. Each matrix is stored once for each direction that is summed over: unit
/// weights and slopes along their rows and along their columns, the samples along both too.
struct bfloat16_operands {
  using accumulator = float;
  using element = bfloat16_pair;
  static constexpr index_t panel = panel_width<float>, class_tile = softmax_class_tile;
  static constexpr index_t logit_rows = panel;
  static constexpr bool exact_targets = true;

  static index_t padded_width(softmax_shape shape) { return rounded_up(shape.width, panel); }
  static index_t columns_size(softmax_shape shape) {
    return rounded_up(shape.rows, panel) / 2 * std::max(panel, padded_width(shape));
  }
  static index_t units_size(softmax_shape shape) {
    return rounded_up(shape.rows, panel) / 2 * padded_width(shape);
  }
  static index_t tile_size(softmax_shape shape) {
    return slope_rows(shape) + class_tile / 2 * std::min(softmax_row_block, padded_rows(shape));
  }

  static void pack_samples(softmax_shape shape, index_t first_row, index_t samples, index_t j,
                           float scale, float const (*unit)[std::size_t(panel)],
                           bfloat16_pair* columns, bfloat16_pair* units) {
    float scaled[std::size_t(panel)][std::size_t(panel)] = {};
    for (index_t i = 0; i < samples; ++i) {
      for (index_t l = 0; l < panel; ++l) { scaled[l][i] = scale * unit[i][l]; }
    }
    bfloat16_pair* const column = columns + first_row / 2 * padded_width(shape) + j / 2 * panel;
    for (index_t l = 0; l < panel; l += 2) {
      pair_rows(scaled[l], scaled[l + 1], column + l / 2 * panel);
    }
    for (index_t i = 0; units != nullptr && i < panel; i += 2) {
      pair_rows(unit[i], unit[i + 1],
                units + (j * padded_rows(shape) + (first_row + i) * panel) / 2);
    }
  }

  static void pack_weights(softmax_shape shape, index_t c, index_t j,
                           float const (&unit)[2][std::size_t(panel)], float* tile) {
    for (index_t second = 0; second < 2; ++second) {
      pair_elements(unit[second], pairs(tile) + (j * class_tile + (c + second) * panel) / 2);
    }
    pair_rows(unit[0], unit[1],
              pairs(tile) + weight_columns(shape) + (j * class_tile + c * panel) / 2);
  }

  static void logits(softmax_shape shape, index_t classes, index_t first_row,
                     bfloat16_pair const* columns, float const* tile, float* z) {
    for (index_t c = 0; c < classes; c += product_rows) {
      bfloat16_product<left_side::rows>(
          (shape.width + 1) / 2, pairs(tile) + c * panel_pairs, class_tile * panel_pairs,
          columns + first_row / 2 * padded_width(shape), z + c * panel, panel, false);
    }
  }

  static void pack_slopes(softmax_shape shape, index_t classes, index_t row_of_block,
                          float const* z, float* tile) {
    bfloat16_pair* const rows = pairs(tile) + slope_rows(shape) + row_of_block / 2 * class_tile;
    bfloat16_pair* const columns = pairs(tile) + slope_columns(shape);
    // The product reads classes in groups, and both of a pair.
    for (index_t c = 0; c < rounded_up(classes, product_rows); c += 2) {
      pair_elements(z + c * panel, rows + c * panel_pairs);
      pair_elements(z + (c + 1) * panel, rows + (c + 1) * panel_pairs);
      pair_rows(z + c * panel, z + (c + 1) * panel, columns + c / 2 * panel);
    }
  }

  static void add_unit_gradient(softmax_shape shape, index_t classes, index_t samples, float const*,
                                float const* tile, float* gradient) {
    for (index_t j = 0; j < shape.width; j += panel) {
      for (index_t l = 0; l < samples; l += product_rows) {
        bfloat16_product<left_side::columns>(
            (classes + 1) / 2, pairs(tile) + slope_columns(shape) + l, 0,
            pairs(tile) + weight_columns(shape) + j / 2 * class_tile,
            gradient + l * padded_width(shape) + j, padded_width(shape), true);
      }
    }
  }

  static void add_weight_slopes(softmax_shape shape, index_t classes, index_t first_row,
                                float const*, float const* tile, bfloat16_pair const* units,
                                float* slopes) {
    index_t const block = std::min(softmax_row_block, shape.rows - first_row);
    for (index_t j = 0; j < shape.width; j += panel) {
      for (index_t c = 0; c < classes; c += product_rows) {
        bfloat16_product<left_side::rows>(
            (block + 1) / 2, pairs(tile) + slope_rows(shape) + c * panel_pairs,
            class_tile * panel_pairs, units + (j * padded_rows(shape) + first_row * panel) / 2,
            slopes + c * padded_width(shape) + j, padded_width(shape), first_row > 0);
      }
    }
  }

 private:
  // A tile's memory: weights along their rows, along their columns; slopes along their columns, of
  // one panel of samples, and along their rows, of a block of them.
  static index_t padded_rows(softmax_shape shape) { return rounded_up(shape.rows, panel); }
  static index_t weight_columns(softmax_shape shape) {
    return class_tile / 2 * padded_width(shape);
  }
  static index_t slope_columns(softmax_shape shape) { return 2 * weight_columns(shape); }
  static index_t slope_rows(softmax_shape shape) {
    return slope_columns(shape) + class_tile / 2 * panel;
  }
  // The memory of a lane is of floats; a place holds either floats or pairs.
  static bfloat16_pair* pairs(float* tile) { return reinterpret_cast<bfloat16_pair*>(tile); }
  static bfloat16_pair const* pairs(float const* tile) {
    return reinterpret_cast<bfloat16_pair const*>(tile);
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
