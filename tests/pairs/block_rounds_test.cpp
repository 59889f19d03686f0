// SPDX-License-Identifier: Apache-2.0
// The rounds in which a batch's blocks meet.
#include <coupleface/detail/pairs/batch_pairs.hpp>

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace {

using coupleface::index_t;
using coupleface::detail::block_rounds;

/// Batches around the sizes at which blocks grow, for panels of floats and of doubles.
template <class Function>
void for_each_division(Function f) {
  for (index_t const panel : {32, 16}) {
    for (index_t rows = 0; rows <= 700; ++rows) { f(block_rounds::of(rows, panel), panel); }
    for (index_t const rows : {1023, 2048, 4095, 4096, 4097, 8192, 8193, 20000}) {
      f(block_rounds::of(rows, panel), panel);
    }
  }
}

TEST(block_rounds, blocks_of_whole_panels_hold_all_rows_in_order) {
  for_each_division([](block_rounds const& rounds, index_t panel) {
    SCOPED_TRACE(rounds.rows);
    EXPECT_EQ(rounds.block % panel, 0);
    EXPECT_GT(rounds.block, 0);
    EXPECT_LE(rounds.block, 256);
    index_t next = 0;
    for (index_t b = 0; b < rounds.blocks; ++b) {
      EXPECT_EQ(rounds.begin(b), next);
      EXPECT_GT(rounds.end(b), rounds.begin(b));
      EXPECT_EQ(rounds.begin(b) % panel, 0);
      next = rounds.end(b);
    }
    EXPECT_EQ(next, rounds.rows);
  });
}

TEST(block_rounds, two_blocks_meet_once_and_no_block_twice_in_a_round) {
  for_each_division([](block_rounds const& rounds, index_t) {
    std::set<std::pair<index_t, index_t>> met;
    bool fine = true;
    for (index_t round = 0; round < rounds.rounds(); ++round) {
      std::set<index_t> busy;
      for (index_t task = 0; task < rounds.tasks(); ++task) {
        index_t first = -1, second = -1;
        rounds.meet(round, task, first, second);
        fine = fine && 0 <= first && first < second && second < rounds.players();
        fine = fine && busy.insert(first).second && busy.insert(second).second;
        if (second < rounds.blocks) { fine = fine && met.emplace(first, second).second; }
      }
    }
    EXPECT_TRUE(fine) << rounds.rows << " rows in blocks of " << rounds.block;
    EXPECT_EQ(index_t(met.size()), rounds.blocks * (rounds.blocks - 1) / 2) << rounds.rows;
  });
}

TEST(block_rounds, tiles_are_as_large_as_documented) {
  // The products of two blocks, and of a panel and a block: 288 KiB, or 544 KiB in double.
  for_each_division([](block_rounds const& rounds, index_t panel) {
    index_t const bytes = 128 / panel * rounds.block * (rounds.block + panel);
    EXPECT_LE(bytes, (panel == 32 ? 288 : 544) * 1024) << rounds.rows;
  });
}

}  // namespace
