// SPDX-License-Identifier: Apache-2.0
// coupleface: visits all pairs of two sets of rows, tile by tile, host side.
//
// Candidates are packed in blocks that stay in a cache; each lane packs one group of queries at a
// time and multiplies it by the whole block.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/search/packed_rows.hpp>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/search/screen_kernel.hpp>

#include <algorithm>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Pairs (row + r, column + c) of one tile and their screened products, null without a screen.
struct pair_tile {
  index_t row;
  int rows;
  index_t column;
  int columns;
  float const* products;

  /// First column of row r to visit: above the diagonal if both sides are the same rows.
  int first_column(int r, bool symmetric) const {
    return symmetric ? int(std::clamp<index_t>(row + r + 1 - column, 0, columns)) : 0;
  }
};

template <class Derived, class Score, class = void>
class pair_tiles {
 public:
  static constexpr index_t most_lanes = 32;
  static constexpr index_t most_block_rows = 4096;  ///< for narrow rows; their scores fit a cache
  static constexpr bool screened = screening_of<Score> == screening::direct;

  pair_tiles(Derived const& policy, Score const& score)
      : policy_(policy),
        score_(score),
        kernels_(native_screen(screen_element::float32)),
        width_(score.packed_width()),
        groups_(rounded_up_quotient(score.queries(), group_rows)),
        lanes_(lane_count(groups_, most_lanes)),
        block_(std::clamp(block_bytes / std::max<index_t>(1, 4 * width_) / right_rows * right_rows,
                          index_t(right_rows), most_block_rows)),
        right_(policy, screened && lanes_ > 0 ? block_ * width_ : 0),
        left_(policy, screened ? lanes_ * group_rows * width_ : 0),
        temporary_(policy, screened ? lanes_ * width_ : 0) {}

  index_t lanes() const { return lanes_; }
  Score const& score() const { return score_; }
  bool symmetric() const { return score_.symmetric(); }
  /// Largest distance between a product and the score rounded to float.
  double error() const { return screen_error(width_, score_.magnitude(), 0, kernels_.sum_unit()); }

  /// Calls visit(lane, tile) for all pairs, on every lane in a fixed order, and progress(rows, of)
  /// after each block of candidates.
  template <class Visit, class Progress>
  void for_each_tile(Visit visit, Progress&& progress) const {
    index_t const candidates = lanes_ > 0 ? score_.candidates() : 0;
    for (index_t first = 0; first < candidates; first += block_) {
      index_t const count = std::min(block_, candidates - first);
      if constexpr (screened) {
        auto const unit_row = [score = score_](index_t j, float* out) {
          score.write_candidate(j, out);
        };
        pack_panels(policy_, kernels_, unit_row, first, count, width_, right_rows, lanes_,
                    temporary_.data(), right_.data());
      }
      for_each_index(policy_, lanes_, [this, first, count, visit](index_t lane) {
        for (index_t g = lane; g < groups_; g += lanes_) {
          visit_group(lane, g * group_rows, first, count, visit);
        }
      });
      progress(first + count, candidates);
    }
  }

 private:
  static constexpr index_t group_rows = 8 * left_rows;
  static constexpr index_t block_bytes = index_t(8) << 20;

  template <class Visit>
  void visit_group(index_t lane, index_t row, index_t first, index_t count,
                   Visit const& visit) const {
    if (symmetric() && first + count <= row + 1) { return; }
    index_t const rows = std::min<index_t>(group_rows, score_.queries() - row);
    [[maybe_unused]] panel_word* panels = nullptr;
    if constexpr (screened) {
      panels = left_.data() + lane * group_rows * width_;
      pack_group(lane, row, rows, panels);
    }
    for (index_t j = 0; j < count; j += right_rows) {
      for (index_t i = 0; i < rows; i += left_rows) {
        pair_tile tile{row + i, int(std::min<index_t>(left_rows, rows - i)), first + j,
                       int(std::min<index_t>(right_rows, count - j)), nullptr};
        if (symmetric() && tile.column + tile.columns <= tile.row + 1) { continue; }
        alignas(64) float products[left_rows * right_rows];
        if constexpr (screened) {
          kernels_.product(width_, panels + i * width_, right_.data() + j * width_, products);
          tile.products = products;
        }
        visit(lane, tile);
      }
    }
  }

  // Like pack_panels, on the current lane.
  void pack_group(index_t lane, index_t row, index_t rows, panel_word* panels) const {
    float* const unit = temporary_.data() + lane * width_;
    for (index_t i = 0; i < rounded_up(rows, left_rows); ++i) {
      panel_word* const words = panels + i / left_rows * left_rows * width_ + i % left_rows;
      if (i < rows) {
        score_.write_query(row + i, unit);
        pack_row(kernels_.element, unit, width_, words, left_rows);
      } else {
        for (index_t w = 0; w < width_; ++w) { words[w * left_rows] = 0; }
      }
    }
  }

  Derived const& policy_;
  Score score_;
  screen_kernels kernels_;
  index_t width_, groups_, lanes_, block_;
  scratch<panel_word, Derived> right_, left_;
  scratch<float, Derived> temporary_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/evaluation/pair_tiles.cuh>
#endif
