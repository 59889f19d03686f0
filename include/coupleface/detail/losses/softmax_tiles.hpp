// SPDX-License-Identifier: Apache-2.0
// coupleface: one tile of classes of a margin softmax: logits, their sums, and gradients.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/softmax_operands.hpp>
#include <coupleface/detail/losses/softmax_panels.hpp>
#include <coupleface/detail/losses/softmax_targets.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/sum.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// State shared by the two passes. Operands: what the products read, panel_operands or the like.
template <class Operands, class E, class W, class Targets>
struct softmax_tiles {
  using operands = Operands;
  using Acc = typename Operands::accumulator;
  static constexpr index_t class_tile = softmax_class_tile;
  static constexpr index_t row_block = softmax_row_block;
  static constexpr index_t most_lanes = 16;  ///< each has a tile and a gradient of all rows
  static constexpr index_t panel = panel_width<Acc>;
  /// Whether the right classes' share of the embeddings' gradient is not in the products.
  static constexpr bool adds_targets = Operands::exact_targets || right_apart<Targets>;

  matrix_view<E const> embeddings;
  matrix_view<W const> weights;
  Targets targets;
  index_t rows;
  double scale;
  typename Operands::element const* columns = nullptr;  // scale * unit embeddings
  typename Operands::element const* units = nullptr;  // unit embeddings, for the weights' gradient
  Acc* kept = nullptr;                                // panels of logits, tile by tile
  softmax_sample* samples = nullptr;

  index_t width() const { return weights.extent(1); }
  softmax_shape shape() const { return {rows, width()}; }
  index_t padded_rows() const { return rounded_up(rows, panel); }
  index_t padded_width() const { return rounded_up(width(), panel); }
  index_t classes() const { return targets.classes(weights.extent(0)); }
  index_t tiles() const { return rounded_up_quotient(classes(), class_tile); }
  index_t lanes() const { return std::max(index_t(1), lane_count(tiles(), most_lanes)); }
  index_t first_class(index_t tile) const { return tile * class_tile; }
  index_t count(index_t tile) const { return std::min(class_tile, classes() - first_class(tile)); }

  /// A lane's memory: the gradient of a tile's weights, logits unless they are kept, operands.
  index_t slopes_size() const { return class_tile * padded_width(); }
  index_t logits_size() const {
    return kept == nullptr ? class_tile * std::min(Operands::logit_rows, padded_rows()) : 0;
  }
  index_t lane_size() const { return slopes_size() + logits_size() + Operands::tile_size(shape()); }
  index_t kept_size() const { return tiles() * class_tile * padded_rows(); }
  Acc* operands_in(Acc* memory) const { return memory + slopes_size() + logits_size(); }

  /// Logits [class_tile, panel] of the rows from first_row on.
  Acc* logit_panel(index_t tile, index_t first_row, Acc* memory) const {
    if (kept != nullptr) { return kept + class_tile * (tile * padded_rows() + first_row); }
    return memory + slopes_size() + class_tile * (first_row % Operands::logit_rows);
  }

  void pack(index_t tile, Acc* memory) const {
    index_t const classes = count(tile);
    for (index_t c = 0; c < rounded_up(classes, product_rows); c += 2) {
      W const* w[2];
      double inverse[2];
      bool skipped[2];
      for (index_t k = 0; k < 2; ++k) {
        index_t const used = std::min(c + k, classes - 1);
        w[k] = weights.row(targets.weight_row(first_class(tile) + used));
        inverse[k] = c + k < classes ? inverse_norm<W>(row_norm(w[k], width())) : 0;
        // Slopes 0 times NaN would be NaN.
        skipped[k] = is_nan(inverse[k]) && !is_kept(targets, first_class(tile) + used, rows);
      }
      for (index_t j = 0; j < width(); j += panel) {
        Acc unit[2][std::size_t(panel)] = {};
        for (index_t k = 0; k < std::min(index_t(2), classes - c); ++k) {
          for (index_t l = 0; !skipped[k] && l < std::min(panel, width() - j); ++l) {
            unit[k][l] = store<Acc>(load(w[k][j + l]) * inverse[k]);
          }
        }
        Operands::pack_weights(shape(), c, j, unit, memory);
      }
    }
  }

  /// Scaled logits of one panel of samples against a packed tile, without the target classes'.
  void logits(index_t tile, index_t first_row, Acc const* packed, Acc* z) const {
    index_t const classes = count(tile);
    index_t const used = std::min(panel, rows - first_row);
    Operands::logits(shape(), classes, first_row, columns, packed, z);
    if constexpr (leaves_out<Targets>) {
      targets.leave_out(first_row, used, first_class(tile), classes, z);
    }
    for (index_t l = 0; l < used; ++l) {
      index_t const own = samples[first_row + l].column - first_class(tile);
      if (own >= 0 && own < classes) { z[own * panel + l] = left_out<Acc>; }
    }
  }

  void sums(index_t tile, Acc* memory, tile_sum* result) const {
    Acc* const packed = operands_in(memory);
    pack(tile, packed);
    for (index_t first = 0; first < rows; first += panel) {
      Acc* const z = logit_panel(tile, first, memory);
      logits(tile, first, packed, z);
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
      if (own < 0 || own >= classes) { continue; }
      z[own * panel + l] = Operands::exact_targets ? Acc(0) : Acc(sample[l].slope * mean);
    }
  }

  /// sum [d] += slope x / || x ||
  template <class X>
  void add_unit(X const* x, double slope, Acc* sum) const {
    double const inverse = inverse_norm<X>(row_norm(x, width()));
    for (index_t j = 0; j < width(); ++j) {
      sum[j] += Acc(slope) * store<Acc>(load(x[j]) * inverse);
    }
  }
  /// Of sample i, which is not ignored.
  void add_target_weight(index_t i, double mean, Acc* unit_gradient) const {
    add_unit(right_row(weights, targets, i, samples[i].column), samples[i].slope * mean,
             unit_gradient);
  }
  void add_target_samples(index_t tile, double mean, Acc* weight_slopes) const {
    for (index_t i = 0; i < rows; ++i) {
      index_t const own = samples[i].column - first_class(tile);
      if (own < 0 || own >= count(tile)) { continue; }
      add_unit(embeddings.row(i), samples[i].slope * mean, weight_slopes + own * padded_width());
    }
  }

  template <class WeightGradient>
  void gradients(index_t tile, double mean, Acc* memory, Acc* unit_gradient,
                 WeightGradient weight_gradient) const {
    constexpr bool with_weights = !std::is_same_v<WeightGradient, no_gradient>;
    Acc* const weight_slopes = memory;
    Acc* const packed = operands_in(memory);
    pack(tile, packed);
    if (rows == 0) { std::fill(weight_slopes, weight_slopes + slopes_size(), Acc(0)); }
    for (index_t block = 0; block < rows; block += row_block) {
      for (index_t first = block; first < std::min(block + row_block, rows); first += panel) {
        Acc* const z = logit_panel(tile, first, memory);
        if (kept == nullptr) { logits(tile, first, packed, z); }
        slopes(tile, first, mean, z);
        Operands::pack_slopes(shape(), count(tile), first - block, z, packed);
        Operands::add_unit_gradient(shape(), count(tile), std::min(panel, rows - first), z, packed,
                                    unit_gradient + first * padded_width());
      }
      if constexpr (with_weights) {
        Operands::add_weight_slopes(shape(), count(tile), block, logit_panel(tile, block, memory),
                                    packed, units, weight_slopes);
      }
    }
    if constexpr (with_weights && Operands::exact_targets) {
      add_target_samples(tile, mean, weight_slopes);
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
