// SPDX-License-Identifier: Apache-2.0
// coupleface: how an exact search on a device is divided: tiles of the product, steps of tiles
// between which thresholds rise, and the room of a list. It is computed from the sizes alone: no
// value read back from the device decides what is launched next.
#pragma once

#include <coupleface/detail/device_launch_shape.hpp>
#include <coupleface/detail/rounding.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr index_t tile_rows = 128;       ///< rows of a tile, on both sides
inline constexpr index_t tile_band = 16;        ///< row tiles that run concurrently
inline constexpr index_t packed_multiple = 32;  ///< packed rows are padded to a multiple of this
inline constexpr index_t rest_slots = 32;       ///< slots of a list beyond those that depend on K

/// Room of a list. With 4 K + 256 pairs, 85,742 candidates take seven or eight steps for K = 100.
COUPLEFACE_HOST_DEVICE constexpr index_t usual_room(index_t k) { return 4 * k + 256; }

/// Memory limits of a search: for lists (at least one tile of queries is searched at a time), for
/// the scan's working memory, and for blocks of rows from host memory. `room` is a list's room, 0:
/// derived from K. Tests set small values.
struct device_limits {
  index_t lists_bytes = index_t(2) << 30;
  index_t scan_bytes = index_t(256) << 20;
  index_t stream_bytes = index_t(4) << 30;
  index_t room = 0;
};

/// The tile of queries (row) and of candidates (column) that a block multiplies.
struct tile_place {
  index_t row, column;  ///< -1: no tile
  bool both;            ///< the product is used for the rows of both sides
};

/// One pass of `queries` over all candidates. If both are the same rows, tile I is paired with tile
/// I + t (modulo the number of tiles) for growing t: each step shows every row equally many
/// candidates, and each product is used for both sides.
struct tile_sweep {
  index_t queries, candidates, k, room;
  bool symmetric;

  COUPLEFACE_HOST_DEVICE constexpr index_t row_tiles() const {
    return rounded_up_quotient(queries, tile_rows);
  }
  COUPLEFACE_HOST_DEVICE constexpr index_t column_tiles() const {
    return rounded_up_quotient(candidates, tile_rows);
  }
  /// Number of candidate tiles that each query tile is paired with, one per turn.
  COUPLEFACE_HOST_DEVICE constexpr index_t turns() const {
    if (queries == 0 || candidates == 0) { return 0; }
    return symmetric ? row_tiles() / 2 + 1 : column_tiles();
  }
  /// Number of candidates that a row has seen after this many turns, at most.
  constexpr index_t seen(index_t turns) const {
    index_t const tiles = symmetric && turns > 0 ? 2 * turns - 1 : turns;
    return smaller(tiles * tile_rows, candidates);
  }

  /// The end of the step that begins at turn `begin`. In the first step all candidates may pass.
  /// Later a share of about k / seen passes. The room must hold twice that number, for those that
  /// the screen cannot tell apart, plus four standard deviations.
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
  /// Tile u of the turns [begin, end). A band of row tiles runs through all turns before the next
  /// band, so that concurrent blocks read few rows.
  COUPLEFACE_HOST_DEVICE constexpr tile_place tile(index_t begin, index_t end, index_t u) const {
    index_t const rows = row_tiles(), turns_in_step = end - begin;
    index_t const band = u / (tile_band * turns_in_step), first = band * tile_band;
    index_t const across = smaller(tile_band, rows - first);
    index_t const within = u - first * turns_in_step;
    index_t const row = first + within % across, turn = begin + within / across;
    if (!symmetric) { return {row, turn, false}; }
    if (2 * turn == rows && row >= rows / 2) { return {-1, -1, false}; }  // paired already
    return {row, (row + turn) % rows, turn != 0};
  }
};

/// How a search is divided.
struct device_search_plan {
  index_t queries, candidates, k, room, group;  ///< group: queries per sweep
  bool symmetric;

  tile_sweep sweep(index_t first) const {
    return {smaller(group, queries - first), candidates, k, room, symmetric};
  }
};

inline device_search_plan plan_device_search(index_t queries, index_t candidates, index_t k,
                                             bool symmetric, index_t entry_bytes,
                                             device_limits limits) {
  index_t const all = rounded_up(candidates, rest_slots);
  // If K exceeds the number of candidates, only that number matters.
  index_t const wanted = limits.room > 0
                             ? limits.room
                             : (k < candidates ? rounded_up(usual_room(k), rest_slots) : all);
  index_t const room = smaller(wanted, all);
  index_t const row_bytes = room * entry_bytes + 1;
  index_t const fits = limits.lists_bytes / row_bytes / tile_rows * tile_rows;
  index_t const group = smaller(queries, fits < tile_rows ? tile_rows : fits);
  return {queries, candidates, k, room, group, symmetric && group == queries};
}

/// The scan: each block takes scan_rows queries and has its own working memory; there is memory for
/// as many blocks as run concurrently.
inline constexpr index_t scan_rows = 8;
inline constexpr index_t scan_columns = 16;
inline constexpr index_t most_segments = 32;
inline constexpr index_t divided_blocks = 256;      ///< about as many as a device runs concurrently
inline constexpr index_t segment_candidates = 256;  ///< minimum per segment

/// If there are few queries, several blocks scan each, one segment of the candidates per block. All
/// run concurrently, so each keeps its own working memory until the results are merged.
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
  index_t capacity;  ///< entries of a query's working memory
  index_t blocks;
};

/// Entries per query: the best so far, half as many recent ones, and a constant.
constexpr index_t scan_room(index_t best) { return best + best / 2 + 256; }
inline constexpr index_t most_scan_blocks = 1024;  ///< more than any device runs concurrently

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
