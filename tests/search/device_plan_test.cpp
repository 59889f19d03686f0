// SPDX-License-Identifier: Apache-2.0
// How a device's search is divided: every pair of rows is met once, lists have room for what a step
// lets pass, memory has a limit.
#include <coupleface/detail/search/device_plan.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace {

namespace detail = coupleface::detail;
using coupleface::index_t;
using detail::tile_sweep;

constexpr index_t sizes[] = {1, 2, 127, 128, 129, 256, 257, 1000, 2049, 4999};

/// Calls visit(row tile, column tile, both) for all tiles of all steps.
template <class Visit>
void run(tile_sweep const& sweep, Visit visit) {
  for (index_t turn = 0, end = 0; turn < sweep.turns(); turn = end) {
    end = sweep.step_end(turn);
    ASSERT_GT(end, turn);
    ASSERT_LE(end, sweep.turns());
    for (index_t u = 0; u < sweep.tiles(turn, end); ++u) {
      auto const at = sweep.tile(turn, end, u);
      if (at.row >= 0) { visit(at.row, at.column, at.both); }
    }
  }
}

TEST(tile_sweep, every_tile_of_queries_meets_every_tile_of_candidates_once) {
  for (index_t const n : sizes) {
    for (index_t const m : sizes) {
      for (bool const symmetric : {false, true}) {
        if (symmetric && n != m) { continue; }
        tile_sweep const sweep{n, m, 10, 296, symmetric};
        index_t const across = sweep.column_tiles();
        std::vector<int> met(std::size_t(sweep.row_tiles() * across), 0);
        run(sweep, [&](index_t row, index_t column, bool both) {
          ASSERT_LT(row, sweep.row_tiles());
          ASSERT_LT(column, across);
          ASSERT_GE(column, 0);
          ++met[std::size_t(row * across + column)];
          if (both) { ++met[std::size_t(column * across + row)]; }
          EXPECT_EQ(both, symmetric && row != column);
        });
        for (int const times : met) { ASSERT_EQ(times, 1) << n << " x " << m; }
      }
    }
  }
}

TEST(tile_sweep, no_queries_or_no_candidates_take_no_turns) {
  EXPECT_EQ((tile_sweep{0, 100, 1, 32, false}.turns()), 0);
  EXPECT_EQ((tile_sweep{100, 0, 1, 32, false}.turns()), 0);
}

TEST(tile_sweep, seen_counts_what_a_row_has_met) {
  tile_sweep const sweep{1280, 1280, 5, 300, true};
  for (index_t turns = 0; turns <= sweep.turns(); ++turns) {
    std::vector<index_t> met(std::size_t(sweep.row_tiles()), 0);
    for (index_t u = 0; u < sweep.tiles(0, turns); ++u) {
      auto const at = sweep.tile(0, turns, u);
      if (at.row < 0) { continue; }
      met[std::size_t(at.row)] += detail::tile_rows;
      if (at.both) { met[std::size_t(at.column)] += detail::tile_rows; }
    }
    for (index_t const rows : met) { EXPECT_EQ(rows, sweep.seen(turns)); }
  }
}

TEST(tile_sweep, a_step_fits_into_the_room_of_a_list) {
  for (index_t const k : {1, 10, 50, 100, 500, 3000}) {
    for (bool const symmetric : {false, true}) {
      auto const plan = detail::plan_device_search(85742, 85742, k, symmetric, 8, {});
      tile_sweep const sweep = plan.sweep(0);
      index_t const first = sweep.step_end(0);
      EXPECT_LE(sweep.seen(first), plan.room);
      int steps = 1;
      for (index_t turn = first, end = 0; turn < sweep.turns(); turn = end, ++steps) {
        end = sweep.step_end(turn);
        // As many as pass on average, twice that for those that the screen cannot tell apart.
        double const fresh = double(sweep.seen(end) - sweep.seen(turn));
        double const passing = fresh * std::fmin(1.0, 2.0 * double(k) / double(sweep.seen(turn)));
        EXPECT_LE(2.0 * double(k) + passing, double(plan.room)) << k << " from turn " << turn;
      }
      EXPECT_LE(steps, k <= 100 ? 9 : 14) << k;
    }
  }
}

TEST(device_search_plan, lists_keep_to_their_bytes_or_to_one_tile_of_queries) {
  detail::device_limits limits;
  for (index_t const n : sizes) {
    for (index_t const bytes : {index_t(1), index_t(1) << 20, index_t(1) << 30}) {
      limits.lists_bytes = bytes;
      auto const plan = detail::plan_device_search(n, 100000, 100, false, 8, limits);
      EXPECT_EQ(plan.room, 672);
      EXPECT_TRUE(plan.group * plan.room * 8 <= bytes || plan.group <= detail::tile_rows);
      EXPECT_GT(plan.group, 0);
      index_t queries = 0;
      for (index_t first = 0; first < n; first += plan.group) {
        queries += plan.sweep(first).queries;
      }
      EXPECT_EQ(queries, n);
    }
  }
  EXPECT_TRUE(detail::plan_device_search(85742, 85742, 100, true, 8, {}).symmetric);
  EXPECT_FALSE(detail::plan_device_search(85742, 85742, 5000, true, 8, {}).symmetric);
}

TEST(device_search_plan, few_candidates_need_no_more_room_than_there_are) {
  EXPECT_EQ(detail::plan_device_search(9, 40, 100, false, 8, {}).room, 64);
  EXPECT_EQ(detail::plan_device_search(9, 0, 100, false, 8, {}).room, 0);
  EXPECT_EQ(detail::plan_device_search(9, 40, index_t(1) << 60, false, 8, {}).room, 64);
}

TEST(scan_plan, work_holds_k_and_a_round_and_keeps_to_its_bytes_or_to_one_block) {
  for (index_t const k : {0, 1, 100, 5000, 1000000}) {
    for (index_t const m : {0, 1, 300, 85742}) {
      for (index_t const n : {1, 8, 9, 85742}) {
        for (index_t const bytes : {index_t(1), index_t(1) << 28}) {
          detail::device_limits limits;
          limits.scan_bytes = bytes;
          auto const plan = detail::plan_scan(n, m, k, 8, limits);
          EXPECT_GE(plan.capacity, (k < m ? k : m) + detail::scan_columns);
          index_t const groups = (n + detail::scan_rows - 1) / detail::scan_rows;
          EXPECT_LE(plan.blocks, std::max(groups, detail::divided_blocks));
          EXPECT_LE(plan.blocks, groups * detail::most_segments);
          EXPECT_GE(plan.blocks, 1);
          EXPECT_TRUE(plan.blocks == 1 ||
                      plan.blocks * detail::scan_rows * plan.capacity * 8 <= bytes);
        }
      }
    }
  }
}

TEST(scan_plan, segments_are_all_scanned_at_one_time_and_hold_every_candidate_once) {
  for (index_t const n : {0, 1, 8, 9, 100, 5000}) {
    for (index_t const m : {0, 1, 255, 256, 511, 1000, 85742}) {
      for (index_t const blocks : {1, 7, 64, 1024}) {
        index_t const segments = detail::scan_segments(n, m, blocks);
        index_t const groups = (n + detail::scan_rows - 1) / detail::scan_rows;
        EXPECT_TRUE(segments == 1 || groups * segments <= blocks);
        EXPECT_TRUE(segments == 1 || m / segments >= detail::segment_candidates);
        EXPECT_GE(segments, 1);
        EXPECT_EQ(detail::segment_begin(0, segments, m), 0);
        EXPECT_EQ(detail::segment_begin(segments, segments, m), m);
        for (index_t s = 0; s < segments; ++s) {
          EXPECT_LE(detail::segment_begin(s, segments, m),
                    detail::segment_begin(s + 1, segments, m));
        }
      }
    }
  }
  EXPECT_EQ(detail::scan_segments(1, 85742, 1024), 32);
  EXPECT_EQ(detail::scan_segments(1, 1000, 1024), 3);
}

}  // namespace
