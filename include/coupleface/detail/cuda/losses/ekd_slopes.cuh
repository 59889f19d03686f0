// SPDX-License-Identifier: Apache-2.0
// coupleface: values and slopes of evaluation-oriented distillation on a tile of pairs, on a CUDA
// device.
#pragma once

#include <coupleface/detail/cuda/pairs/law_tile.cuh>
#include <coupleface/detail/losses/ekd_panels.hpp>
#include <coupleface/detail/rounded_product.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Which negatives are hardest: those of larger keys than `last`, and of those of this key all in
/// rows before `cut`, and the first `in_cut` of row `cut`.
struct ekd_hardest {
  ekd_key last = ~ekd_key(0);  ///< which no pair has
  index_t cut = 0, in_cut = 0;
};

/// sum_k sigmoid((x - a_k) rate), and its derivative.
struct ekd_soft_count {
  double count, slope;
};

/// The count has no product that a compiler could fuse: where student and teacher agree, their
/// counts are equal.
COUPLEFACE_HOST_DEVICE inline ekd_soft_count soft_count_of(double x, double const* thresholds,
                                                           int known, double rate) {
  ekd_soft_count sum{0, 0};
  for (int k = 0; k < known; ++k) {
    double const z = rounded_product(x - thresholds[k], rate);
    double const e = std::exp(z < 0 ? z : -z), all = 1 + e;
    sum.count += (z < 0 ? e : 1.0) / all;
    sum.slope += rate * (e / (all * all));
  }
  return sum;
}

/// How many threads of the block before this one say yes, and how many do in all. All threads must
/// call it; it takes the beginning of shared memory.
struct block_votes {
  int before, all;
};
COUPLEFACE_HOST_DEVICE inline block_votes votes_of_block(bool yes) {
  auto* const masks = reinterpret_cast<unsigned*>(shared_memory());
  int const lane = thread_in_block() % warp_threads, warp = thread_in_block() / warp_threads;
  unsigned const mask = votes(yes);
  if (lane == 0) { masks[warp] = mask; }
  wait_for_block();
  block_votes found{count_bits(mask & ((1u << lane) - 1u)), 0};
  for (int w = 0; w < pair_threads / warp_threads; ++w) {
    int const count = count_bits(masks[w]);
    found.before += w < warp ? count : 0;
    found.all += count;
  }
  wait_for_block();
  return found;
}

/// sums[i] += the terms of row i. The student's cosines become derivatives by them.
template <class Acc, class Tile>
struct ekd_slopes_kernel {
  static constexpr int threads = pair_threads;
  Tile tile;
  Acc* student;  ///< [rows, columns] cosines
  Acc const* teacher;
  ekd_law<double> law;
  double positive_scale, negative_scale;
  ekd_hardest hardest;
  index_t* left_in_cut;  ///< of the ties in row hardest.cut, from this tile on
  double* sums;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t i = block_in_grid(); i < tile.rows; i += blocks_in_grid()) {
      bool const is_cut = tile.row + i == hardest.cut;
      index_t left = is_cut ? *left_in_cut : 0;
      numbers<1> mine{};
      for (index_t first = 0; first < tile.columns; first += threads) {
        index_t const j = first + thread_in_block();
        int const sign = j < tile.columns ? tile.keep.sign(tile.row + i, tile.column + j) : 0;
        ekd_key const key = sign > 0 ? ekd_key_of(student[i * tile.columns + j]) : 0;
        bool const ties = sign > 0 && key == hardest.last;
        bool is_hardest = sign > 0 && (ties ? tile.row + i < hardest.cut : key > hardest.last);
        if (is_cut) {
          block_votes const found = votes_of_block(ties);
          is_hardest = is_hardest || (ties && found.before < left);
          left = left < found.all ? 0 : left - found.all;
        }
        if (j < tile.columns) {
          double const scale = is_hardest ? negative_scale : (sign < 0 ? positive_scale : 0.0);
          mine.at[0] += replace(i * tile.columns + j, sign < 0 || is_hardest, scale);
        }
      }
      mine = block_sums(mine);
      if (thread_in_block() == 0) {
        sums[tile.row + i] += mine.at[0];
        if (is_cut) { *left_in_cut = left; }
      }
    }
  }

  /// The term of a pair.
  COUPLEFACE_HOST_DEVICE double replace(index_t at, bool counts, double scale) const {
    Acc& s = student[at];
    if (!counts) {
      s = Acc(0);
      return 0;
    }
    auto const own = soft_count_of(double(s), law.student, law.known, law.rate);
    auto const other = soft_count_of(double(teacher[at]), law.teacher, law.known, law.rate);
    double const gap = own.count - other.count;
    s = Acc(2 * scale * gap * own.slope);
    return scale * (gap * gap);
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
