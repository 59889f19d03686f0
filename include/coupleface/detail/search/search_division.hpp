// SPDX-License-Identifier: Apache-2.0
// coupleface: how an exact search is divided: blocks that are packed together, and parts of them
// that run concurrently. Computed from the sizes alone, except for the number of bands, which also
// depends on the number of threads.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/search/screen_panels.hpp>

#include <algorithm>
#include <thread>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A range of packed rows.
struct packed_part {
  index_t first, count;
  panel_word const* panels;
  panel_word const* fine = nullptr;  ///< the rows' own words, of a coarse screen
};

/// The packed rows of a block.
struct packed_block {
  panel_word const* panels;
  panel_word const* fine = nullptr;
};

/// Memory limit of a search, beyond 16 bytes per query (norm, threshold, count) and the outputs.
inline constexpr index_t search_budget = index_t(64) << 20;
inline constexpr index_t panels_budget = index_t(16) << 20;
/// Candidates that fit this are packed once. Otherwise they are packed by blocks, again for each
/// block of queries.
inline constexpr index_t kept_panels_budget = index_t(24) << 20;
/// The same for a coarse screen, whose rows are kept twice.
inline constexpr index_t kept_int8_budget = index_t(32) << 20;

/// One candidate in this many is sampled before a search (guessed_thresholds.hpp).
inline constexpr index_t sampled_share = 40;

/// Rows per part: whole panels on both sides.
inline constexpr index_t part_rows = 224;
static_assert(part_rows % left_rows == 0 && part_rows % right_rows == 0,
              "coupleface: a part must consist of whole panels");
inline constexpr index_t most_parts = 16;

/// For how many queries a lane keeps positions while it computes exact values (exact_tables.hpp).
inline constexpr index_t most_exact_queries = index_t(1) << 15, most_exact_blocks = 1024;

inline index_t exact_queries(index_t queries, index_t lanes) {
  return std::min(most_exact_queries, rounded_up_quotient(queries, lanes));
}

/// Two positions per query, one per block, and one for pairs that other queries evaluate.
inline index_t exact_places(index_t queries_of_a_lane, index_t blocks) {
  return 2 * queries_of_a_lane + blocks + 1;
}

/// Room of a list beyond K. Shrinking a full list costs a pass over it, so more room saves passes;
/// its pairs must be sorted at the end, so too much room costs.
inline constexpr index_t most_waiting_beside_k = 64;
inline constexpr index_t least_room = 4;   ///< with less room lists are exact from the start
inline constexpr index_t pair_bytes = 16;  ///< of the largest scored_pair: a double, a 64-bit id

/// How one side is divided into blocks of equal parts.
struct search_side {
  index_t rows, part_size, parts, words;
  index_t row_words = 0;  ///< kept row by row

  index_t block_rows() const { return part_size * parts; }
  index_t blocks() const { return rounded_up_quotient(rows, block_rows()); }
  index_t begin(index_t block) const { return std::min(rows, block * block_rows()); }
  index_t end(index_t block) const { return begin(block + 1); }
  packed_part whole(index_t block, packed_block packed) const {
    return {begin(block), end(block) - begin(block), packed.panels, packed.fine};
  }
  packed_part part(index_t block, index_t p, packed_block packed) const {
    index_t const first = std::min(end(block), begin(block) + p * part_size);
    return {first, std::min(part_size, end(block) - first), packed.panels + p * part_size * words,
            packed.fine == nullptr ? nullptr : packed.fine + p * part_size * row_words};
  }
};

/// Pair t < count / 2 of a round that pairs `count` (even) bands, each once: the circle method. All
/// pairs of different bands occur once in count - 1 rounds.
inline std::pair<index_t, index_t> tournament_pair(index_t count, index_t round, index_t t) {
  index_t const others = count - 1;
  if (t == 0) { return {others, round}; }
  return {(round + t) % others, (round - t + others) % others};
}

/// Number of threads that may run concurrently. It affects only speed.
inline index_t hardware_threads() { return std::max(1u, std::thread::hardware_concurrency()); }

/// Two bands per thread, to reduce the waiting between rounds.
inline index_t band_count(index_t parts, index_t threads) {
  return parts <= 1 ? 1 : std::clamp<index_t>(2 * threads, 2, parts);
}

struct search_plan {
  index_t queries, candidates, width, words, parts, lanes, room;
  index_t row_words;  ///< of a coarse screen, per row, beside `words`
  bool symmetric;
  bool right_stays;  ///< all candidates are packed once
  index_t bands;     ///< if symmetric: one thread has parts p, p + bands, ... of a block
  search_side left, right;

  /// Rows of candidates that are packed at a time, in whole parts.
  index_t right_rows_packed() const {
    return right.block_rows() * (right_stays ? right.blocks() : 1);
  }

  index_t steps() const {
    index_t const a = left.blocks(), b = right.blocks();
    return symmetric ? a * (a + 1) / 2 : a * b;
  }

  /// Number of band pairs in a round. Two blocks are paired in `bands` rounds; for a block with
  /// itself round 0 pairs each band with itself.
  index_t meetings(bool same_block, index_t round) const {
    return same_block && round > 0 ? bands / 2 : bands;
  }
  std::pair<index_t, index_t> bands_of(bool same_block, index_t round, index_t meeting) const {
    if (!same_block) { return {meeting, (meeting + round) % bands}; }
    if (round == 0) { return {meeting, meeting}; }
    return tournament_pair(bands, round - 1, meeting);
  }
  /// Calls f(p, q) for the parts of two bands; within one band each pair occurs once.
  template <class Function>
  void for_each_pair(bool same_block, std::pair<index_t, index_t> meeting, Function f) const {
    bool const own = same_block && meeting.first == meeting.second;
    for (index_t p = meeting.first; p < parts; p += bands) {
      for (index_t q = own ? p : meeting.second; q < parts; q += bands) { f(p, q); }
    }
  }

  /// The two blocks of a step: for each left block all right blocks, or those from the diagonal on.
  std::pair<index_t, index_t> blocks_of(index_t step) const {
    index_t const b = right.blocks();
    if (!symmetric) { return {step / b, step % b}; }
    index_t a = 0;
    for (; step >= b - a; ++a) { step -= b - a; }
    return {a, a + step};
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
