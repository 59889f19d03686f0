// SPDX-License-Identifier: Apache-2.0
// coupleface: screens products by tiles: pairs that may be among the K best are appended to lists,
// and the products themselves never leave the chip.
#pragma once

#include <coupleface/detail/cuda/search/device_lists.cuh>
#include <coupleface/detail/cuda/search/tile_product.cuh>
#include <coupleface/detail/search/screen_error.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Element, class Score, class Keep, class V, class I>
struct screen_tiles_kernel {
  static constexpr int threads = product_threads;
  static constexpr index_t shared_bytes = product_shared_bytes + 2 * tile_rows * 4;
  Score score;
  Keep keep;
  device_lists<V, I> lists;
  Element const* queries;  ///< packed, from the sweep's first query on
  Element const* candidates;
  index_t stride;
  index_t first;  ///< query of the first list
  tile_sweep sweep;
  index_t begin, end;  ///< turns
  device_survey const* survey;

  /// The value compared with a threshold: an upper bound of the score, except that a direct screen
  /// does not include the error.
  COUPLEFACE_HOST_DEVICE float reach(float product, double error, index_t i, index_t c) const {
    if constexpr (screening_of<Score> == screening::direct) {
      (void)error, (void)i, (void)c;
      return Score::absolute ? std::fabs(product) : product;
    } else {
      // A NaN product has no bound, so the pair passes.
      if (is_nan(product)) { return -float(no_score); }
      return next_above(score.bound(double(product) + error, first + i, c));
    }
  }

  /// NaN passes no threshold of a direct screen, but every threshold of another screen.
  COUPLEFACE_HOST_DEVICE static bool passes(float reach, float threshold) {
    return screening_of<Score> == screening::direct ? reach >= threshold : !(reach < threshold);
  }

  COUPLEFACE_HOST_DEVICE void offer(index_t i, index_t c, float reach, double error) const {
    if constexpr (has_limit<Score> && screening_of<Score> == screening::direct) {
      if (double(reach) - error > score.limit(first + i)) { return; }
    }
    (void)error;
    if (keep(first + i, c)) { lists.append(i, reach, c); }
  }

  COUPLEFACE_HOST_DEVICE void offer_tile(tile_place at,
                                         tile_product<Element> const& product) const {
    auto* const row_thresholds = reinterpret_cast<float*>(shared_memory() + product_shared_bytes);
    float* const column_thresholds = row_thresholds + tile_rows;
    index_t const i_first = at.row * tile_rows, c_first = at.column * tile_rows;
    double const error = survey->error;
    product.visit([&](int row, int column, float sum) {
      index_t const i = i_first + row, c = c_first + column;
      if constexpr (screening_of<Score> == screening::direct) {
        // The threshold of a missing row is NaN.
        float const reached = reach(sum, error, i, c);
        if (reached >= row_thresholds[row] && c < sweep.candidates) { offer(i, c, reached, error); }
        if (reached >= column_thresholds[column] && i < sweep.queries) {
          offer(c, i, reached, error);
        }
      } else if (i < sweep.queries && c < sweep.candidates) {
        float const forth = reach(sum, error, i, c);
        if (passes(forth, row_thresholds[row])) { offer(i, c, forth, error); }
        if (!at.both) { return; }
        float const back = reach(sum, error, c, i);
        if (passes(back, column_thresholds[column])) { offer(c, i, back, error); }
      }
    });
  }

  COUPLEFACE_HOST_DEVICE void read_thresholds(tile_place at) const {
    auto* const thresholds = reinterpret_cast<float*>(shared_memory() + product_shared_bytes);
    for (int r = thread_in_block(); r < 2 * tile_rows; r += threads) {
      bool const is_row = r < tile_rows;
      index_t const i = (is_row ? at.row : at.column - 1) * tile_rows + r;
      bool const exists = i < sweep.queries && (is_row || at.both);
      thresholds[r] = exists ? lists.thresholds[i] : float(not_a_number);
    }
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    index_t const tiles = sweep.tiles(begin, end);
    for (index_t u = block_in_grid(); u < tiles; u += blocks_in_grid()) {
      tile_place const at = sweep.tile(begin, end, u);
      if (at.row < 0) { continue; }
      read_thresholds(at);
      tile_product<Element> const product(queries, at.row * tile_rows, sweep.queries, candidates,
                                          at.column * tile_rows, sweep.candidates, stride);
      wait_for_block();  // for the thresholds, if rows have no columns
      offer_tile(at, product);
      wait_for_block();
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
