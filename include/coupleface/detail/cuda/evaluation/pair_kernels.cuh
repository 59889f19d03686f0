// SPDX-License-Identifier: Apache-2.0
// coupleface: kernels that count all pairs by slot, from products where these are certain,
// otherwise from exact values.
#pragma once

#include <coupleface/detail/cuda/evaluation/slot_counters.cuh>
#include <coupleface/detail/search/pair_score.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The input of every kernel over tiles of products.
template <class L, class M>
struct labelled_tiles {
  float16 const* queries;
  float16 const* candidates;
  index_t stride;
  tile_range tiles;
  pair_labels<L, M> labels;

  /// Calls count(tile's number, labels, product) for the tiles of this block.
  template <class Count>
  COUPLEFACE_HOST_DEVICE void for_each_tile(Count count) const {
    tile_sweep const& sweep = tiles.sweep;
    for (index_t u = tiles.begin + block_in_grid(); u < tiles.end; u += blocks_in_grid()) {
      tile_place const at = tiles[u];
      if (at.row < 0) { continue; }
      tile_labels const judged(labels, tiles, at);
      tile_product<float16> const product(queries, at.row * tile_rows, sweep.queries, candidates,
                                          at.column * tile_rows, sweep.candidates, stride);
      wait_for_block();  // for the labels, if rows have no columns
      count(u, judged, product);
      wait_for_block();
    }
  }
};

/// Counts products by bin.
template <class L, class M>
struct count_products_kernel {
  static constexpr int threads = product_threads;
  static constexpr index_t shared_bytes = product_shared_bytes + tile_labels::bytes;
  labelled_tiles<L, M> pairs;
  slot_counters counters;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    slot_run run(counters);
    pairs.for_each_tile(
        [&](index_t, tile_labels const& judged, tile_product<float16> const& product) {
          product.visit([&](int row, int column, float sum) {
            if (judged.pairs(row, column)) {
              run.add(judged.same(row, column), product_bins::of(sum));
            }
          });
        });
    run.end();
  }
};

/// Pairs that need an exact value, encoded as the tile's number within the launch, then row and
/// column with seven bits each. There is room for all pairs of a launch.
struct open_pairs {
  std::uint32_t* list;
  int* count;
};

/// Counts products by the slot that their bin determines; the other pairs become open pairs.
template <class L, class M>
struct count_sure_kernel {
  static constexpr int threads = product_threads;
  static constexpr index_t shared_bytes = product_shared_bytes + tile_labels::bytes + 16;
  labelled_tiles<L, M> pairs;
  std::int32_t const* sure;  ///< sure_slots, by bin
  slot_counters counters;
  open_pairs open;

  /// Reserves list entries for all threads of the block at once; returns this thread's first one.
  COUPLEFACE_HOST_DEVICE int reserve(int wanted) const {
    auto* const shared = reinterpret_cast<int*>(shared_memory() + shared_bytes - 16);
    if (thread_in_block() == 0) { shared[0] = 0; }
    wait_for_block();
    int const before = add_atomically(&shared[0], wanted);
    wait_for_block();
    if (thread_in_block() == 0) { shared[1] = add_atomically(open.count, shared[0]); }
    wait_for_block();
    return shared[1] + before;
  }

  COUPLEFACE_HOST_DEVICE void count_tile(index_t u, tile_labels const& judged,
                                         tile_product<float16> const& product,
                                         slot_run& run) const {
    int doubtful = 0;
    product.visit([&](int row, int column, float sum) {
      if (!judged.pairs(row, column)) { return; }
      std::int32_t const slot = sure[product_bins::of(sum)];
      if (slot >= 0) { run.add(judged.same(row, column), slot); }
      doubtful += slot == -1;
    });
    int place = reserve(doubtful);
    if (doubtful == 0) { return; }
    auto const tile = static_cast<std::uint32_t>(u - pairs.tiles.begin);
    product.visit([&](int row, int column, float sum) {
      if (judged.pairs(row, column) && sure[product_bins::of(sum)] == -1) {
        open.list[place++] = (tile << 14) + (std::uint32_t(row) << 7) + std::uint32_t(column);
      }
    });
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    slot_run run(counters);
    pairs.for_each_tile(
        [&](index_t u, tile_labels const& judged, tile_product<float16> const& product) {
          count_tile(u, judged, product, run);
        });
    run.end();
  }
};

/// Counts open pairs by exact value, with a team per pair. Of two rows of one set the row with the
/// smaller index is the query, because a relation need not be symmetric.
template <class Score, class L, class M>
struct count_open_kernel {
  static constexpr int threads = 128;
  static constexpr int elements =
      vector_elements<typename Score::query_element, typename Score::candidate_element>;
  Score score;
  tile_range tiles;
  pair_labels<L, M> labels;
  exact_counter exact;
  open_pairs open;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    row_team<elements> const team;
    slot_run run(exact.counters);
    for (index_t e = first_row_of_team<elements>(); e < *open.count;
         e += rows_in_grid<elements>()) {
      std::uint32_t const pair = open.list[e];
      tile_place const at = tiles[tiles.begin + index_t(pair >> 14)];
      index_t i = at.row * tile_rows + index_t(pair >> 7 & 127u);
      index_t c = at.column * tile_rows + index_t(pair & 127u);
      bool const same = index_t(labels.queries[i]) == index_t(labels.candidates[c]);
      if (tiles.sweep.symmetric && c < i) {
        index_t const first = c;
        c = i;
        i = first;
      }
      double const value = score_by(team, score, i, c);
      if (team.leads()) { exact.add(run, same, value); }
    }
    run.end();
  }
};

/// Counts all pairs by exact value, for scores that have no screen.
template <class L, class M>
struct count_relation {
  pair_labels<L, M> labels;
  bool symmetric;
  exact_counter exact;

  COUPLEFACE_HOST_DEVICE bool wants(index_t i, index_t c) const { return !symmetric || i < c; }
  COUPLEFACE_HOST_DEVICE void operator()(index_t i, index_t c, double value) const {
    if (labels.queries[i] < 0 || labels.candidates[c] < 0) { return; }
    slot_run run(exact.counters);
    exact.add(run, index_t(labels.queries[i]) == index_t(labels.candidates[c]), value);
    run.end();
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
