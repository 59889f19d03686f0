// SPDX-License-Identifier: Apache-2.0
// coupleface: one tile of classes of a margin softmax: logits, their sums, and gradients.
//
// All matrices are stored as panels (panel_product.hpp), so that a tile's weights are packed once
// for both products, and the output of one product is the input of the next without repacking.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/softmax_panels.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/simd/panel_product.hpp>
#include <coupleface/detail/sum.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// State shared by the two passes. Acc is float, or double if either side is.
template <class Acc, class W, class Targets>
struct softmax_tiles {
  static constexpr index_t class_tile = 128;
  static constexpr index_t row_block = 512;
  static constexpr index_t most_lanes = 16;  ///< each has a tile and a gradient of all rows
  static constexpr index_t panel = panel_width<Acc>;

  matrix_view<W const> weights;
  Targets targets;
  index_t rows;
  double scale;
  Acc const* scaled_columns = nullptr;  // scale * unit embeddings, panels of their transpose [d, n]
  Acc const* units = nullptr;           // unit embeddings, panels of [n, d]
  Acc* kept = nullptr;                  // panels of logits, tile by tile
  softmax_sample* samples = nullptr;

  index_t width() const { return weights.extent(1); }
  index_t padded_rows() const { return rounded_up(rows, panel); }
  index_t padded_width() const { return rounded_up(width(), panel); }
  index_t classes() const { return targets.classes(weights.extent(0)); }
  index_t tiles() const { return rounded_up_quotient(classes(), class_tile); }
  index_t lanes() const { return std::max(index_t(1), lane_count(tiles(), most_lanes)); }
  index_t first_class(index_t tile) const { return tile * class_tile; }
  index_t count(index_t tile) const { return std::min(class_tile, classes() - first_class(tile)); }

  /// Unit weights and their gradient, and the logits of a block of rows unless they are kept.
  index_t lane_size() const {
    index_t const block = kept == nullptr ? std::min(row_block, padded_rows()) : 0;
    return class_tile * (2 * padded_width() + block);
  }
  index_t kept_size() const { return tiles() * class_tile * padded_rows(); }

  /// Logits [class_tile, samples] of the rows from first_row on; first_row is a multiple of the
  /// panel width.
  Acc* logit_panels(index_t tile, index_t first_row, Acc* memory) const {
    if (kept == nullptr) { return memory + 2 * class_tile * padded_width(); }
    return kept + class_tile * (tile * padded_rows() + first_row);
  }

  void pack(index_t tile, Acc* unit_weights) const {
    index_t const classes = count(tile);
    for (index_t c = 0; c < classes; ++c) {
      W const* const w = weights.row(targets.weight_row(first_class(tile) + c));
      double const inverse = inverse_norm<W>(row_norm(w, width()));
      for (index_t j = 0; j < width(); j += panel) {
        Acc* const out = unit_weights + j * class_tile + c * panel;
        index_t const used = std::min(panel, width() - j);
        for (index_t l = 0; l < used; ++l) { out[l] = store<Acc>(load(w[j + l]) * inverse); }
        std::fill(out + used, out + panel, Acc(0));
      }
    }
    index_t const unused = rounded_up(classes, product_rows) - classes;
    for (index_t j = 0; j < width(); j += panel) {
      Acc* const out = unit_weights + j * class_tile + classes * panel;
      std::fill(out, out + unused * panel, Acc(0));
    }
  }

  /// Scaled logits of one panel of samples against a packed tile, without the target classes'.
  void logits(index_t tile, index_t first_row, Acc const* unit_weights, Acc* z) const {
    index_t const classes = count(tile);
    for (index_t c = 0; c < classes; c += product_rows) {
      panel_product<left_side::rows>(width(), unit_weights + c * panel, class_tile * panel,
                                     scaled_columns + first_row * width(), z + c * panel, panel,
                                     false);
    }
    for (index_t l = 0; l < std::min(panel, rows - first_row); ++l) {
      index_t const own = samples[first_row + l].column - first_class(tile);
      if (own >= 0 && own < classes) { z[own * panel + l] = left_out<Acc>; }
    }
  }

  void sums(index_t tile, Acc* memory, tile_sum* result) const {
    pack(tile, memory);
    for (index_t first = 0; first < rows; first += panel) {
      Acc* const z = logit_panels(tile, first, memory);
      logits(tile, first, memory, z);
      Acc largest[std::size_t(panel)], sum[std::size_t(panel)];
      sum_exponentials(z, count(tile), largest, sum);
      for (index_t l = 0; l < std::min(panel, rows - first); ++l) {
        result[first + l].add(double(largest[l]), double(sum[l]));
      }
    }
  }

  /// z becomes d loss / d cosine; ignored rows become 0.
  void slopes(index_t tile, index_t first_row, double mean, Acc* z) const {
    Acc log_sums[std::size_t(panel)] = {}, factors[std::size_t(panel)] = {};
    index_t const used = std::min(panel, rows - first_row), classes = count(tile);
    softmax_sample const* const sample = samples + first_row;
    for (index_t l = 0; l < used; ++l) {
      log_sums[l] = Acc(sample[l].log_sum);
      factors[l] = Acc(sample[l].column < 0 ? 0 : scale * mean);
    }
    scale_exponentials(z, classes, log_sums, factors);
    for (index_t l = 0; l < used; ++l) {
      index_t const own = sample[l].column - first_class(tile);
      if (own >= 0 && own < classes) { z[own * panel + l] = Acc(sample[l].slope * mean); }
    }
  }

  /// unit_gradient [padded_rows, padded_width] += the slopes of one panel times the unit weights.
  void add_unit_gradient(index_t tile, index_t first_row, Acc const* z, Acc const* unit_weights,
                         Acc* unit_gradient) const {
    for (index_t j = 0; j < width(); j += panel) {
      for (index_t l = 0; l < std::min(panel, rows - first_row); l += product_rows) {
        panel_product<left_side::columns>(count(tile), z + l, 0, unit_weights + j * class_tile,
                                          unit_gradient + (first_row + l) * padded_width() + j,
                                          padded_width(), true);
      }
    }
  }

  /// weight_slopes [class_tile, padded_width] (+)= the slopes of a block times the unit embeddings.
  void add_weight_slopes(index_t tile, index_t first_row, Acc const* z, Acc* weight_slopes) const {
    index_t const block = std::min(row_block, rows - first_row);
    for (index_t j = 0; j < width(); j += panel) {
      for (index_t c = 0; c < count(tile); c += product_rows) {
        panel_product<left_side::rows>(
            block, z + c * panel, class_tile * panel, units + j * rows + first_row * panel,
            weight_slopes + c * padded_width() + j, padded_width(), first_row > 0);
      }
    }
  }

  template <class WeightGradient>
  void gradients(index_t tile, double mean, Acc* memory, Acc* unit_gradient,
                 WeightGradient weight_gradient) const {
    constexpr bool with_weights = !std::is_same_v<WeightGradient, no_gradient>;
    Acc* const weight_slopes = memory + class_tile * padded_width();
    pack(tile, memory);
    if (rows == 0) {
      std::fill(weight_slopes, weight_slopes + class_tile * padded_width(), Acc(0));
    }
    for (index_t block = 0; block < rows; block += row_block) {
      for (index_t first = block; first < std::min(block + row_block, rows); first += panel) {
        Acc* const z = logit_panels(tile, block, memory) + (first - block) * class_tile;
        if (kept == nullptr) { logits(tile, first, memory, z); }
        slopes(tile, first, mean, z);
        add_unit_gradient(tile, first, z, memory, unit_gradient);
      }
      if constexpr (with_weights) {
        add_weight_slopes(tile, block, logit_panels(tile, block, memory), weight_slopes);
      }
    }
    if constexpr (with_weights) {
      for (index_t c = 0; c < count(tile); ++c) {
        W const* const w = weights.row(targets.weight_row(first_class(tile) + c));
        project_gradient(w, row_norm(w, width()), weight_slopes + c * padded_width(), 1.0,
                         weight_gradient.row(first_class(tile) + c), width());
      }
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
