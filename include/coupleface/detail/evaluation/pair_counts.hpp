// SPDX-License-Identifier: Apache-2.0
// coupleface: counts same and different pairs per slot of scores, in one pass over all pairs, host
// side.
#pragma once

#include <coupleface/detail/evaluation/pair_tiles.hpp>
#include <coupleface/detail/evaluation/score_slots.hpp>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Bins of screened products: (p + 1) * half in float, which is monotonic in p. Products outside
/// the range go to the end bins, NaN to a bin after them.
struct product_bins {
  static constexpr int half = 1 << 14;
  static constexpr int count = 2 * half;

  COUPLEFACE_HOST_DEVICE static int of(float product) {
    float const place = (product + 1.0f) * float(half);
    float const inside = place > 0.0f ? (place < float(count - 1) ? place : float(count - 1)) : 0;
    return product == product ? int(inside) : count;
  }
  /// Range of the keys of a bin's scores, if products are accurate to `error`.
  static key_range keys(int bin, double error) {
    double const room = error + 0x1p-22;  // for the two roundings in `of`
    return {bin == 0 ? lowest_key : key_below(double(bin) / half - 1 - room),
            bin == count - 1 ? highest_key : key_above(double(bin + 1) / half - 1 + room)};
  }
};

/// Labels of both sides. A row labelled -1 is in no pair.
template <class L, class M>
struct pair_labels {
  L const* queries;
  M const* candidates;
};

/// Counters of one lane: different pairs, same pairs, ignored pairs.
class lane_counts {
 public:
  lane_counts(std::uint64_t* counts, index_t slots) : counts_(counts), slots_(slots) {}

  static index_t size(index_t slots) { return 2 * slots + 1; }

  template <class L, class M>
  index_t part(L query, M candidate) const {
    bool const same = index_t(query) == index_t(candidate);
    return candidate < 0 ? 2 * slots_ : (same ? slots_ : 0);
  }
  void add(index_t part, index_t slot) const { ++counts_[part == 2 * slots_ ? part : part + slot]; }

 private:
  std::uint64_t* counts_;
  index_t slots_;
};

/// Adds the counts of all lanes to the slots; integers, so the order does not matter.
inline void add_lanes(std::uint64_t const* counts, index_t lanes, std::vector<score_slot>& slots) {
  auto const size = index_t(slots.size());
  for (index_t lane = 0; lane < lanes; ++lane) {
    for (index_t s = 0; s < 2 * size; ++s) {
      slots[std::size_t(s % size)].counts[s / size] +=
          index_t(counts[lane * lane_counts::size(size) + s]);
    }
  }
}

/// Runs one pass: each lane counts with count_tile(lane_counts, tile).
template <class Derived, class Tiles, class CountTile, class Progress>
void count_tiles(host_policy<Derived> const& base, Tiles const& tiles, CountTile count_tile,
                 std::vector<score_slot>& slots, Progress&& progress) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const size = index_t(slots.size()), each = lane_counts::size(size);
  scratch<std::uint64_t, Derived> const memory(policy, tiles.lanes() * each);
  std::uint64_t* const counts = memory.data();
  std::fill(counts, counts + memory.size(), std::uint64_t(0));
  tiles.for_each_tile(
      [=](index_t lane, pair_tile const& tile) {
        count_tile(lane_counts(counts + lane * each, size), tile);
      },
      progress);
  add_lanes(counts, tiles.lanes(), slots);
}

/// Counts pairs by screened product, into one slot per bin of product_bins.
template <class Derived, class Tiles, class Labels, class Progress>
std::vector<score_slot> count_products(host_policy<Derived> const& policy, Tiles const& tiles,
                                       Labels labels, Progress&& progress) {
  std::vector<score_slot> slots(std::size_t(product_bins::count + 1), score_slot{0, 0, {0, 0}});
  auto const count_tile = [labels, symmetric = tiles.symmetric()](lane_counts const& counts,
                                                                  pair_tile const& tile) {
    for (int r = 0; r < tile.rows; ++r) {
      auto const label = labels.queries[tile.row + r];
      if (label < 0) { continue; }
      int bins[right_rows];
      for (int c = 0; c < right_rows; ++c) {
        bins[c] = product_bins::of(tile.products[r * right_rows + c]);
      }
      for (int c = tile.first_column(r, symmetric); c < tile.columns; ++c) {
        counts.add(counts.part(label, labels.candidates[tile.column + c]), bins[c]);
      }
    }
  };
  count_tiles(policy, tiles, count_tile, slots, progress);
  slots.pop_back();  // NaN
  return slots;
}

/// Exact values of some pairs of one query, several at a time; calls use(column, value).
template <class Score, class Use>
void evaluate_pairs(Score const& score, index_t query, index_t column, int const* columns,
                    int count, Use use) {
  int k = 0;
  for (; k + 8 <= count; k += 8) {
    index_t ids[8];
    double values[8];
    for (int e = 0; e < 8; ++e) { ids[e] = column + columns[k + e]; }
    score.evaluate(query, ids, values);
    for (int e = 0; e < 8; ++e) { use(columns[k + e], values[e]); }
  }
  for (; k < count; ++k) { use(columns[k], score(query, column + columns[k])); }
}

/// For each bin of product_bins the slot that holds all of its scores; -1 if only exact values can
/// tell, -2 for NaN.
inline std::vector<std::int32_t> sure_slots(slot_layout const& layout, double error) {
  std::vector<std::int32_t> sure;
  for (int bin = 0; bin < product_bins::count; ++bin) {
    sure.push_back(std::int32_t(layout.common_slot(product_bins::keys(bin, error))));
  }
  sure.push_back(-2);
  return sure;
}

/// Counts a tile's pairs into a layout's slots: by product if that determines the slot, else by
/// exact value.
template <class Tiles, class Labels>
struct score_counter {
  Tiles const& tiles;
  slot_layout const& layout;
  std::int32_t const* sure;
  Labels labels;

  void operator()(lane_counts const& counts, pair_tile const& tile) const {
    for (int r = 0; r < tile.rows; ++r) {
      if (labels.queries[tile.row + r] >= 0) { count_row(counts, tile, r); }
    }
  }

 private:
  void count_row(lane_counts const& counts, pair_tile const& tile, int r) const {
    auto const part = [&](int c) {
      return counts.part(labels.queries[tile.row + r], labels.candidates[tile.column + c]);
    };
    int open[right_rows], count = 0;
    for (int c = tile.first_column(r, tiles.symmetric()); c < tile.columns; ++c) {
      int slot = -1;
      if constexpr (Tiles::screened) {
        slot = sure[product_bins::of(tile.products[r * right_rows + c])];
      }
      if (slot >= 0) { counts.add(part(c), slot); }
      open[count] = c;
      count += slot == -1;
    }
    evaluate_pairs(tiles.score(), tile.row + r, tile.column, open, count, [&](int c, double value) {
      float const score = static_cast<float>(value);
      if (!is_nan(score)) { counts.add(part(c), layout.slot_of(key_of(score))); }
    });
  }
};

/// Fills the slots of a layout.
template <class Derived, class Tiles, class Labels, class Progress>
void count_scores(host_policy<Derived> const& policy, Tiles const& tiles, Labels labels,
                  slot_layout& layout, Progress&& progress) {
  std::vector<std::int32_t> sure;
  if constexpr (Tiles::screened) { sure = sure_slots(layout, tiles.error()); }
  score_counter<Tiles, Labels> const count_tile{tiles, layout, sure.data(), labels};
  count_tiles(policy, tiles, count_tile, layout.slots(), progress);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/evaluation/pair_counts.cuh>
#endif
