// coupleface: one tile of classes of a margin softmax: logits, their sums, and the gradients.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/detail/tile_product.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// What the margin makes of one sample, and its log-sum-exp.
struct softmax_sample {
  index_t column;  ///< of the right class, -1 = ignored
  double logit;    ///< scaled, of the right class
  double slope;    ///< d logit / d cosine
  double log_sum;
};

/// Largest logit of a sample in one tile of classes, and the sum of exponentials over it.
struct tile_sum {
  double largest;
  double sum;
};

/// All that the two passes share. Acc is float, or double if either side is.
template <class Acc, class W, class Targets>
struct softmax_tiles {
  static constexpr index_t class_tile = 256;
  static constexpr index_t row_block = 512;
  static constexpr index_t alignment = 64;  // elements; a multiple of every packet
  using array = Eigen::Map<Eigen::Array<Acc, 1, Eigen::Dynamic>>;

  matrix_view<W const> weights;
  Targets targets;
  Acc const* units;  // [n, d]
  softmax_sample* samples;
  index_t rows;
  double scale;

  index_t width() const { return weights.extent(1); }
  index_t classes() const { return targets.classes(weights.extent(0)); }
  index_t tiles() const { return (classes() + class_tile - 1) / class_tile; }
  index_t lanes() const { return std::max(index_t(1), lane_count(tiles(), 16)); }
  /// Unit weights and their gradient, logits of a block of rows.
  index_t lane_size() const {
    return 2 * class_tile * width() + row_block * class_tile + alignment;
  }

  /// Eigen's exponential and sums go by packets from the first aligned element on, so their bits
  /// depend on the address: rows of logits always start aligned.
  Acc* logit_memory(Acc* memory) const {
    Acc* const first = memory + 2 * class_tile * width();
    auto const past = reinterpret_cast<std::uintptr_t>(first) / sizeof(Acc) % alignment;
    return past == 0 ? first : first + (alignment - index_t(past));
  }

  index_t pack(index_t tile, Acc* unit_weights) const {
    index_t const first = tile * class_tile;
    index_t const count = std::min(class_tile, classes() - first);
    for (index_t j = 0; j < count; ++j) {
      normalize_row(weights.row(targets.weight_row(first + j)), unit_weights + j * width(),
                    width());
    }
    return count;
  }

  /// Scaled logits [block, count], rows class_tile apart, of rows first_row ... against a packed
  /// tile.
  void logits(index_t first_row, index_t block, index_t first_class, index_t count,
              Acc const* unit_weights, Acc* z) const {
    product_abt(units + first_row * width(), block, unit_weights, count, width(), z, class_tile);
    for (index_t i = 0; i < block; ++i) {
      array row(z + i * class_tile, count);
      row *= Acc(scale);
      index_t const own = samples[first_row + i].column - first_class;
      if (own >= 0 && own < count) { row(own) = Acc(samples[first_row + i].logit); }
    }
  }

  void sums(index_t tile, Acc* memory, tile_sum* result) const {
    Acc* const z = logit_memory(memory);
    index_t const count = pack(tile, memory);
    for (index_t first = 0; first < rows; first += row_block) {
      index_t const block = std::min(row_block, rows - first);
      logits(first, block, tile * class_tile, count, memory, z);
      for (index_t i = 0; i < block; ++i) {
        array row(z + i * class_tile, count);
        Acc const largest = row.maxCoeff();
        result[first + i] = {double(largest), double((row - largest).exp().sum())};
      }
    }
  }

  /// z becomes d loss / d cosine; ignored rows become 0.
  void slopes(index_t first_row, index_t block, index_t first_class, index_t count, double mean,
              Acc* z) const {
    for (index_t i = 0; i < block; ++i) {
      softmax_sample const& sample = samples[first_row + i];
      array row(z + i * class_tile, count);
      if (sample.column < 0) {
        row.setZero();
        continue;
      }
      row = (row - Acc(sample.log_sum)).exp() * Acc(scale * mean);
      index_t const own = sample.column - first_class;
      if (own >= 0 && own < count) {
        row(own) = Acc(std::expm1(sample.logit - sample.log_sum) * sample.slope * mean);
      }
    }
  }

  template <class WeightGradient>
  void gradients(index_t tile, double mean, Acc* memory, Acc* unit_gradient,
                 WeightGradient weight_gradient) const {
    constexpr bool with_weights = !std::is_same_v<WeightGradient, no_gradient>;
    Acc* const weight_slopes = memory + class_tile * width();
    Acc* const z = logit_memory(memory);
    index_t const first_class = tile * class_tile;
    index_t const count = pack(tile, memory);
    std::fill(weight_slopes, weight_slopes + count * width(), Acc(0));
    for (index_t first = 0; first < rows; first += row_block) {
      index_t const block = std::min(row_block, rows - first);
      logits(first, block, first_class, count, memory, z);
      slopes(first, block, first_class, count, mean, z);
      product_ab(z, class_tile, block, memory, count, width(), unit_gradient + first * width());
      if constexpr (with_weights) {
        product_atb(z, class_tile, block, units + first * width(), count, width(), weight_slopes);
      }
    }
    if constexpr (with_weights) {
      for (index_t j = 0; j < count; ++j) {
        W const* const w = weights.row(targets.weight_row(first_class + j));
        project_gradient(w, row_norm(w, width()), weight_slopes + j * width(), 1.0,
                         weight_gradient.row(first_class + j), width());
      }
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
