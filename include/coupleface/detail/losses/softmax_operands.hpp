// SPDX-License-Identifier: Apache-2.0
// coupleface: the operands of a margin softmax's products, in panels of the accumulator's type.
//
// The matrices are stored as panels (panel_product.hpp), so that a tile's weights are packed once
// for both products, and the output of one product is the input of the next without repacking.
#pragma once

#include <coupleface/detail/losses/softmax_panels.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/simd/panel_product.hpp>
#include <coupleface/element.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Of the samples: n rows of d elements.
struct softmax_shape {
  index_t rows, width;
};

inline constexpr index_t softmax_class_tile = 128;  ///< classes whose weights are packed together
inline constexpr index_t softmax_row_block = 512;  ///< samples whose slopes are multiplied together

/// Acc is float or double. If Rounded, every operand is rounded to bfloat16: the products of
/// bfloat16_operands on processors without instructions for them.
template <class Acc, bool Rounded = false>
struct panel_operands {
  using accumulator = Acc;
  using element = Acc;
  static constexpr index_t panel = panel_width<Acc>, class_tile = softmax_class_tile;
  /// Whether the target classes' terms are left out of the gradients' products and added exactly.
  /// Where the margin is steep, their slopes are large and almost parallel to the row: rounded,
  /// they would leave more error than gradient.
  static constexpr bool exact_targets = Rounded;
  /// Rows of logits that must stay in memory until weight_slopes().
  static constexpr index_t logit_rows = softmax_row_block;

  static index_t padded_width(softmax_shape shape) { return rounded_up(shape.width, panel); }

  /// Elements for the samples: their logits' operand, and that of the weights' gradient.
  static index_t columns_size(softmax_shape shape) {
    // Never null: products of width 0 still form pointers into it.
    return rounded_up(shape.rows, panel) * std::max(index_t(1), shape.width);
  }
  static index_t units_size(softmax_shape shape) { return shape.rows * padded_width(shape); }
  /// Accumulators for a tile's weights and slopes.
  static index_t tile_size(softmax_shape shape) { return class_tile * padded_width(shape); }

  static Acc operand(Acc x) { return Rounded ? Acc(bfloat16(x)) : x; }

  /// Stores elements j ... of one panel of samples; unit [samples][panel]. `units` may be nullptr.
  static void pack_samples(softmax_shape shape, index_t first_row, index_t samples, index_t j,
                           Acc scale, Acc const (*unit)[std::size_t(panel)], Acc* columns,
                           Acc* units) {
    index_t const used = std::min(panel, shape.width - j);
    Acc* const out = columns + first_row * shape.width + j * panel;
    std::fill(out, out + used * panel, Acc(0));
    for (index_t i = 0; i < samples; ++i) {
      for (index_t l = 0; l < used; ++l) { out[l * panel + i] = operand(scale * unit[i][l]); }
      for (index_t l = 0; units != nullptr && l < panel; ++l) {
        units[j * shape.rows + (first_row + i) * panel + l] = operand(unit[i][l]);
      }
    }
  }

  /// Stores elements j ... of the unit weights of classes c and c + 1 of the tile.
  static void pack_weights(softmax_shape, index_t c, index_t j,
                           Acc const (&unit)[2][std::size_t(panel)], Acc* tile) {
    for (index_t l = 0; l < 2 * panel; ++l) {
      tile[j * class_tile + c * panel + l] = operand(unit[l / panel][l % panel]);
    }
  }

  /// z [classes, panel] = scaled cosines of one panel of samples.
  static void logits(softmax_shape shape, index_t classes, index_t first_row, Acc const* columns,
                     Acc const* tile, Acc* z) {
    for (index_t c = 0; c < classes; c += product_rows) {
      panel_product<left_side::rows>(shape.width, tile + c * panel, class_tile * panel,
                                     columns + first_row * shape.width, z + c * panel, panel,
                                     false);
    }
  }

  /// Keeps one panel of slopes for weight_slopes(), which start at a row of the block.
  static void pack_slopes(softmax_shape, index_t classes, index_t, Acc* z, Acc*) {
    if constexpr (Rounded) { round_to_bfloat16(z, classes * panel); }
  }

  /// gradient [panel of samples, padded width] += the slopes of pack_slopes() times the weights.
  static void add_unit_gradient(softmax_shape shape, index_t classes, index_t samples, Acc const* z,
                                Acc const* tile, Acc* gradient) {
    for (index_t j = 0; j < shape.width; j += panel) {
      for (index_t l = 0; l < samples; l += product_rows) {
        panel_product<left_side::columns>(classes, z + l, 0, tile + j * class_tile,
                                          gradient + l * padded_width(shape) + j,
                                          padded_width(shape), true);
      }
    }
  }

  /// slopes [class_tile, padded_width] (+)= the slopes of a block of samples times the samples.
  static void add_weight_slopes(softmax_shape shape, index_t classes, index_t first_row,
                                Acc const* z, Acc const*, Acc const* units, Acc* slopes) {
    index_t const block = std::min(softmax_row_block, shape.rows - first_row);
    for (index_t j = 0; j < shape.width; j += panel) {
      for (index_t c = 0; c < classes; c += product_rows) {
        panel_product<left_side::rows>(
            block, z + c * panel, class_tile * panel, units + j * shape.rows + first_row * panel,
            slopes + c * padded_width(shape) + j, padded_width(shape), first_row > 0);
      }
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
