// SPDX-License-Identifier: Apache-2.0
// coupleface: how a device's exact search is divided: tiles of the product, steps of tiles between
// which thresholds rise, and the room of a list. Plain arithmetic of the sizes: nothing that is
// read back decides what runs next.
#pragma once

#include <coupleface/detail/device_launch_shape.hpp>
#include <coupleface/detail/rounding.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr index_t tile_rows = 128;       ///< of either side
inline constexpr index_t tile_band = 16;        ///< tiles of rows that run side by side
inline constexpr index_t packed_multiple = 32;  ///< packed rows are filled up to it
inline constexpr index_t rest_slots = 32;       ///< of a list, beside those that depend on K

/// Room of a list: with 4 K + 256 pairs seven or eight steps pass 85,742 candidates for K = 100.
COUPLEFACE_HOST_DEVICE constexpr index_t usual_room(index_t k) { return 4 * k + 256; }

/// What a search may hold in lists (at least one tile of queries goes at a time), in the work of
/// the scan, and in blocks of rows from the host's memory; `room` of a list, 0: by K. Tests make
/// them small.
struct device_limits {
  index_t lists_bytes = index_t(2) << 30;
  index_t scan_bytes = index_t(256) << 20;
  index_t stream_bytes = index_t(4) << 30;
  index_t room = 0;
};

/// Which tiles of the product a block takes: rows of queries, rows of candidates.
struct tile_place {
  index_t row, column;  ///< -1: none
  bool both;            ///< the product serves the rows of both
};

/// One sweep of `queries` past all candidates. Where they are the same rows, tile I meets tile
/// I + t for growing t, around the circle: every row sees as many candidates in a step as any
/// other, and each product serves both sides.
struct tile_sweep {
  index_t queries, candidates, k, room;
  bool symmetric;

  COUPLEFACE_HOST_DEVICE constexpr index_t row_tiles() const {
    return rounded_up_quotient(queries, tile_rows);
  }
  COUPLEFACE_HOST_DEVICE constexpr index_t column_tiles() const {
    return rounded_up_quotient(candidates, tile_rows);
  }
  /// How many tiles a tile of queries meets one after the other.
  COUPLEFACE_HOST_DEVICE constexpr index_t turns() const {
    if (queries == 0 || candidates == 0) { return 0; }
    return symmetric ? row_tiles() / 2 + 1 : column_tiles();
  }
  /// Candidates that a row has seen after so many turns, at most.
  constexpr index_t seen(index_t turns) const {
    index_t const tiles = symmetric && turns > 0 ? 2 * turns - 1 : turns;
    return smaller(tiles * tile_rows, candidates);
  }

  /// Where the step ends that begins at a turn. All of the first step may pass. Later about the
  /// share k / seen of the candidates does; twice that for those that the screen cannot tell
  /// apart, and four deviations, have to fit.
  index_t step_end(index_t begin) const {
    double const kept = 2 * double(k), reach = kept + 4 * std::sqrt(kept) + 8;
    double const before = double(seen(begin)), free = double(room) - kept - double(rest_slots);
    double const fits = begin == 0 ? double(room) : free * std::fmax(before, reach) / reach;
    index_t end = begin + 1;
    while (end < turns() && double(seen(end + 1)) - before <= fits) { ++end; }
    return end;
  }

  COUPLEFACE_HOST_DEVICE constexpr index_t tiles(index_t begin, index_t end) const {
    return row_tiles() * (end - begin);
  }
  /// Tile u of the turns [begin, end): bands of rows run through all turns, so that what blocks
  /// read at a time is little.
  COUPLEFACE_HOST_DEVICE constexpr tile_place tile(index_t begin, index_t end, index_t u) const {
    index_t const rows = row_tiles(), turns_in_step = end - begin;
    index_t const band = u / (tile_band * turns_in_step), first = band * tile_band;
    index_t const across = smaller(tile_band, rows - first);
    index_t const within = u - first * turns_in_step;
    index_t const row = first + within % across, turn = begin + within / across;
    if (!symmetric) { return {row, turn, false}; }
    if (2 * turn == rows && row >= rows / 2) { return {-1, -1, false}; }  // met from the other side
    return {row, (row + turn) % rows, turn != 0};
  }
};

/// The division of a search.
struct device_search_plan {
  index_t queries, candidates, k, room, group;  ///< group: queries in one sweep
  bool symmetric;

  tile_sweep sweep(index_t first) const {
    return {smaller(group, queries - first), candidates, k, room, symmetric};
  }
};

inline device_search_plan plan_device_search(index_t queries, index_t candidates, index_t k,
                                             bool symmetric, index_t entry_bytes,
                                             device_limits limits) {
  index_t const all = rounded_up(candidates, rest_slots);
  // Of a huge K only the candidates count.
  index_t const wanted = limits.room > 0
                             ? limits.room
                             : (k < candidates ? rounded_up(usual_room(k), rest_slots) : all);
  index_t const room = smaller(wanted, all);
  index_t const row_bytes = room * entry_bytes + 1;
  index_t const fits = limits.lists_bytes / row_bytes / tile_rows * tile_rows;
  index_t const group = smaller(queries, fits < tile_rows ? tile_rows : fits);
  return {queries, candidates, k, room, group, symmetric && group == queries};
}

/// The scan: blocks of so many queries, each with work of its own for as many as run at a time.
inline constexpr index_t scan_rows = 8;
inline constexpr index_t scan_columns = 16;
inline constexpr index_t most_segments = 32;
inline constexpr index_t divided_blocks = 256;      ///< as many as a device runs at a time, about
inline constexpr index_t segment_candidates = 256;  ///< of a segment, at least

/// Few queries are scanned by several blocks each, which have a stretch of the candidates: all at
/// one time, so that each has its own work until the best of all are merged.
COUPLEFACE_HOST_DEVICE constexpr index_t scan_segments(index_t queries, index_t candidates,
                                                       index_t blocks) {
  index_t const groups = rounded_up_quotient(queries, scan_rows);
  if (groups == 0 || groups > blocks) { return 1; }
  index_t const fits = smaller(blocks / groups, most_segments);
  index_t const full = candidates / segment_candidates;
  return full < 1 ? 1 : smaller(fits, full);
}
COUPLEFACE_HOST_DEVICE constexpr index_t segment_begin(index_t segment, index_t segments,
                                                       index_t candidates) {
  return smaller(rounded_up_quotient(candidates, segments) * segment, candidates);
}

struct scan_plan {
  index_t capacity;  ///< entries of a query's work
  index_t blocks;
};

/// Work of a query: the best so far, half as many that came since, and some.
constexpr index_t scan_room(index_t best) { return best + best / 2 + 256; }
inline constexpr index_t most_scan_blocks = 1024;  ///< more than any device runs at a time

inline scan_plan plan_scan(index_t queries, index_t candidates, index_t k, index_t entry_bytes,
                           device_limits limits) {
  index_t const best = smaller(k, candidates);
  index_t const capacity = smaller(scan_room(best), candidates + scan_columns);
  index_t const fits = limits.scan_bytes / (scan_rows * capacity * entry_bytes + 1);
  index_t const most = fits < 1 ? 1 : smaller(fits, most_scan_blocks);
  index_t const groups = rounded_up_quotient(queries, scan_rows);
  index_t const divided = smaller(groups * most_segments, divided_blocks);
  return {capacity, smaller(most, groups < divided ? divided : groups)};
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
