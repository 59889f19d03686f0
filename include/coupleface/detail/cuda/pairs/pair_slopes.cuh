// SPDX-License-Identifier: Apache-2.0
// coupleface: kernels of distances and of the gradient on a tile of all pairs, on a CUDA device.
//
// A close pair (close_share) has a distance from differences of the rows, found by a warp and
// stored with a minus sign, and gets its gradient from these differences too.
#pragma once

#include <coupleface/detail/cuda/pairs/law_tile.cuh>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Distances in the place of products.
template <class Acc, class Tile, class A, class B>
struct distances_kernel {
  static constexpr int threads = pair_threads;
  Tile tile;
  matrix_view<A const> rows;
  matrix_view<B const> columns;
  double const* row_squares;  ///< squared norms of the prepared rows, from the tile's first on
  double const* column_squares;
  Acc* z;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    int const lane = thread_in_block() % warp_threads;
    for (index_t i = block_in_grid(); i < tile.rows; i += blocks_in_grid()) {
      for (index_t first = thread_in_block() - lane; first < tile.columns; first += threads) {
        index_t const j = first + lane;
        bool const close = j < tile.columns && is_close_after(i, j);
        for (unsigned left = votes(close); left != 0; left &= left - 1) {
          int const l = count_bits((left & (0 - left)) - 1);  // the lowest bit of `left`
          double const distance = of_differences(i, first + l, lane);
          if (lane == l) { z[i * tile.columns + j] = Acc(-distance); }
        }
      }
    }
  }

  /// Stores the distance from a product; returns whether it has too few digits.
  COUPLEFACE_HOST_DEVICE bool is_close_after(index_t i, index_t j) const {
    Acc& out = z[i * tile.columns + j];
    double const sum = row_squares[i] + column_squares[j], square = sum - 2.0 * double(out);
    out = Acc(std::sqrt(square < 0 ? 0.0 : square));
    return square < close_share * sum && tile.counts(i, j);
  }

  /// All threads of a warp get it.
  COUPLEFACE_HOST_DEVICE double of_differences(index_t i, index_t j, int lane) const {
    A const* const a = rows.row(tile.row + i);
    B const* const b = columns.row(tile.column + j);
    double sum = 0;
    for (index_t l = lane; l < rows.extent(1); l += warp_threads) {
      double const gap = load(a[l]) - load(b[l]);
      sum = std::fma(gap, gap, sum);
    }
    for (int step = warp_threads / 2; step > 0; step /= 2) {
      sum += exchange(0xffffffffu, sum, step);
    }
    return std::sqrt(sum);
  }
};

/// Slopes in the place of relations: d loss / d product in the student's. For relations that pull a
/// row to itself, its pulls are added to own, and the teacher's place gets the factors of (a - b)
/// in the gradients of close pairs, else 0.
template <class Acc, class Tile, class Relation, class Law>
struct pair_slopes_kernel {
  static constexpr int threads = pair_threads;
  Tile tile;
  Acc* student;
  Acc* teacher;
  Relation relation;
  Law law;
  double const* mean;
  row_numbers constants;
  double* own;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t i = block_in_grid(); i < tile.rows; i += blocks_in_grid()) {
      auto const of_row = constants_of<Law::constants>(constants, tile.row + i);
      numbers<1> pulls{};
      for (index_t j = thread_in_block(); j < tile.columns; j += threads) {
        Acc& s = student[i * tile.columns + j];
        Acc& t = teacher[i * tile.columns + j];
        penalty_value const r = relation.at(s);
        double const x = slope(i, j, r.value, relation.at(t).value, of_row) * *mean;
        // A pair that does not count gets 0 even if its relation is NaN.
        double const to_product = x == 0 ? x : x * r.slope;
        if constexpr (Relation::pulls_itself) {
          t = Acc(s < 0 ? x / r.value : 0.0);
          pulls.at[0] -= to_product;
        }
        s = Acc(to_product);
      }
      if constexpr (Relation::pulls_itself) {
        pulls = block_sums(pulls);
        if (thread_in_block() == 0) { own[tile.row + i] += pulls.at[0]; }
      }
    }
  }

  /// d loss / d relation, times the number of pairs; in a batch of both orders of the pair.
  COUPLEFACE_HOST_DEVICE double slope(index_t i, index_t j, double s, double t,
                                      numbers<Law::constants> const& of_row) const {
    if (!tile.counts(i, j)) { return 0; }
    double const of_one = law.slope(s, t, of_row);
    if constexpr (!Tile::in_batch) {
      return of_one;
    } else if constexpr (Law::constants == 0) {
      return 2 * of_one;
    } else {
      return of_one + law.slope(s, t, constants_of<Law::constants>(constants, tile.column + j));
    }
  }
};

/// The gradients of the tile's rows += the close pairs' pulls.
template <class Acc, class Tile, class A, class B>
struct close_pulls_kernel {
  static constexpr int threads = pair_threads;
  static constexpr int warps = threads / warp_threads;
  static constexpr index_t shared_bytes = threads * index_t(sizeof(Acc)) + warps * 4;
  Tile tile;
  matrix_view<A const> rows;
  matrix_view<B const> columns;
  Acc const* pulls;  ///< [rows, columns]
  Acc* gradient;     ///< [batch, width]

  COUPLEFACE_HOST_DEVICE void operator()() const {
    auto* const fetched = reinterpret_cast<Acc*>(shared_memory());
    auto* const masks = reinterpret_cast<unsigned*>(fetched + threads);
    int const t = thread_in_block();
    for (index_t i = block_in_grid(); i < tile.rows; i += blocks_in_grid()) {
      for (index_t first = 0; first < tile.columns; first += threads) {
        index_t const j = first + t;
        fetched[t] = j < tile.columns ? pulls[i * tile.columns + j] : Acc(0);
        unsigned const mask = votes(fetched[t] != 0);
        if (t % warp_threads == 0) { masks[t / warp_threads] = mask; }
        wait_for_block();
        for (int w = 0; w < warps; ++w) {
          for (unsigned left = masks[w]; left != 0; left &= left - 1) {
            int const l = w * warp_threads + count_bits((left & (0 - left)) - 1);
            add(i, first + l, double(fetched[l]));
          }
        }
        wait_for_block();
      }
    }
  }

  COUPLEFACE_HOST_DEVICE void add(index_t i, index_t j, double pull) const {
    index_t const width = rows.extent(1);
    A const* const a = rows.row(tile.row + i);
    B const* const b = columns.row(tile.column + j);
    Acc* const out = gradient + (tile.row + i) * width;
    for (index_t l = thread_in_block(); l < width; l += threads) {
      out[l] += Acc(pull * (load(a[l]) - load(b[l])));
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
