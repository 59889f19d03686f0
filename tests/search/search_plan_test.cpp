// SPDX-License-Identifier: Apache-2.0
// How a search is divided: every pair of rows is met once, by one thread at a time, in little
// memory.
#include <coupleface/detail/search/search_plan.hpp>

#include "../support/pair_search.hpp"

#include <map>
#include <set>

namespace {

using namespace coupleface_test;
using engine::most_parts;
using engine::part_rows;
using engine::screen_element;
using engine::search_plan;

/// Memory that parts may point into; nothing reads it.
engine::panel_word const* panels() {
  static std::vector<engine::panel_word> const words(std::size_t(16) << 20);
  return words.data();
}

/// As much of a score as a plan asks for.
struct sizes {
  static constexpr engine::screening screens_by = engine::screening::direct;
  index_t n, m, width;
  bool same;
  index_t queries() const { return n; }
  index_t candidates() const { return m; }
  index_t packed_width() const { return width; }
  bool symmetric() const { return same; }
};

/// Of a similarity window or a relative margin: pairs count only up to a limit.
struct limited_sizes : sizes {
  double limit(index_t) const { return 0; }
};

template <class Score = sizes>
search_plan plan_of(Score const& score, index_t k, screen_element element = screen_element::float32,
                    std::size_t id_bytes = sizeof(std::int32_t), index_t threads = 2) {
  return engine::plan_search(score, k, id_bytes, engine::portable_screen(element), threads);
}

TEST(search_plan, parts_of_a_block_meet_once_and_none_twice_in_a_round) {
  for (index_t parts = 2; parts <= most_parts; parts += 2) {
    std::set<std::pair<index_t, index_t>> met;
    for (index_t round = 0; round + 1 < parts; ++round) {
      std::set<index_t> busy;
      for (index_t t = 0; t < parts / 2; ++t) {
        auto const [a, b] = engine::tournament_pair(parts, round, t);
        ASSERT_TRUE(a < parts && b >= 0 && b < parts && a != b);
        EXPECT_TRUE(busy.insert(a).second) << parts << ", round " << round;
        EXPECT_TRUE(busy.insert(b).second) << parts << ", round " << round;
        EXPECT_TRUE(met.insert({std::min(a, b), std::max(a, b)}).second);
      }
      EXPECT_EQ(index_t(busy.size()), parts);
    }
    EXPECT_EQ(index_t(met.size()), parts * (parts - 1) / 2);
  }
}

TEST(search_plan, blocks_of_enumerates_the_triangle_or_the_rectangle_once) {
  for (index_t const blocks : {0, 1, 2, 3, 7, 24}) {
    index_t const rows = blocks * most_parts * part_rows;
    for (bool const same : {true, false}) {
      auto const plan = plan_of({rows, rows, 4, same}, 5);
      if (rows == 0 && !same) { continue; }  // a search without queries is not begun
      ASSERT_EQ(plan.left.blocks(), blocks);
      std::set<std::pair<index_t, index_t>> seen;
      for (index_t step = 0; step < plan.steps(); ++step) {
        auto const [a, b] = plan.blocks_of(step);
        EXPECT_TRUE(a >= 0 && a < blocks && b >= (same ? a : 0) && b < blocks);
        EXPECT_TRUE(seen.insert({a, b}).second);
      }
      EXPECT_EQ(index_t(seen.size()), same ? blocks * (blocks + 1) / 2 : blocks * blocks);
    }
  }
}

/// The rows of all blocks and parts of a side, in order, each once.
void expect_division(engine::search_side const& side, int panel_rows) {
  ASSERT_EQ(side.part_size % panel_rows, 0);
  index_t next = 0;
  for (index_t block = 0; block < side.blocks(); ++block) {
    ASSERT_EQ(side.begin(block), next);
    ASSERT_LE(side.end(block) - next, side.block_rows());
    for (index_t p = 0; p < side.parts; ++p) {
      auto const part = side.part(block, p, {panels()});
      ASSERT_TRUE(part.count >= 0 && part.count <= side.part_size);
      if (part.count > 0) { ASSERT_EQ(part.first, next); }
      next += part.count;
    }
    ASSERT_EQ(side.end(block), next);
  }
  ASSERT_EQ(next, side.rows);
}

TEST(search_plan, rows_are_divided_once_at_every_size) {
  for (index_t const n :
       {1, 2, 13, 14, 15, 223, 224, 225, 447, 449, 3583, 3584, 3585, 7169, 20001}) {
    for (index_t const width : {0, 1, 64, 512, 2048, 5000, 40000}) {
      for (auto const element :
           {screen_element::float32, screen_element::int16_pair, screen_element::int8_quad}) {
        auto const same = plan_of({n, n, width, true}, 10, element);
        expect_division(same.left, engine::left_rows);
        expect_division(same.right, engine::right_rows);
        EXPECT_EQ(same.left.part_size, same.right.part_size);
        EXPECT_TRUE(same.parts == 1 || same.parts % 2 == 0) << "odd parts cannot meet in pairs";
        EXPECT_TRUE(same.parts == same.left.parts && same.parts == same.right.parts);
        for (index_t const m : {0, 1, 225, 4000}) {
          auto const other = plan_of({n, m, width, false}, 10, element);
          expect_division(other.left, engine::left_rows);
          expect_division(other.right, engine::right_rows);
          EXPECT_EQ(other.steps(), other.left.blocks() * other.right.blocks());
          EXPECT_LE(other.parts, other.lanes);
        }
        EXPECT_LE(same.parts, same.lanes);
      }
    }
  }
}

TEST(search_plan, every_pair_of_rows_is_met_once_per_search) {
  // By parts instead of rows: those of the triangle, both ends of a pair of parts at once.
  for (index_t const threads : {1, 2, 3, 5, 64}) {
    for (index_t const n : {1, 224, 225, 448, 449, 2500, 3584, 3585, 7169, 9000}) {
      auto const plan =
          plan_of({n, n, 64, true}, 10, screen_element::float32, sizeof(std::int32_t), threads);
      auto const id = [&](index_t block, index_t p) {
        auto const part = plan.left.part(block, p, {panels()});
        return part.count > 0 ? part.first : -1;
      };
      std::map<std::pair<index_t, index_t>, int> met;
      for (index_t step = 0; step < plan.steps(); ++step) {
        auto const [a, b] = plan.blocks_of(step);
        for (index_t round = 0; round < plan.bands; ++round) {
          std::map<index_t, index_t> busy;  // rows, and whose they are in this round
          for (index_t t = 0; t < plan.meetings(a == b, round); ++t) {
            plan.for_each_pair(
                a == b, plan.bands_of(a == b, round, t), [&, a = a, b = b](index_t p, index_t q) {
                  index_t const x = id(a, p), y = id(b, q);
                  if (x < 0 || y < 0) { return; }
                  ++met[{std::min(x, y), std::max(x, y)}];
                  EXPECT_EQ(busy.emplace(x, t).first->second, t) << n << ", round " << round;
                  EXPECT_EQ(busy.emplace(y, t).first->second, t) << n << ", round " << round;
                });
          }
        }
      }
      index_t const parts = engine::rounded_up_quotient(n, part_rows);
      EXPECT_EQ(index_t(met.size()), parts * (parts + 1) / 2) << n;
      for (auto const& pair : met) { ASSERT_EQ(pair.second, 1) << n; }
    }
  }
}

TEST(search_plan, bands_are_twice_the_threads_and_no_more_than_parts) {
  EXPECT_EQ(engine::band_count(1, 8), 1);
  EXPECT_EQ(engine::band_count(2, 1), 2);
  EXPECT_EQ(engine::band_count(14, 2), 4);
  EXPECT_EQ(engine::band_count(16, 8), 16);
  EXPECT_EQ(engine::band_count(14, 100), 14);
  EXPECT_GE(engine::hardware_threads(), 1);
}

template <class V, class I>
void expect_scratch_within_the_budget(index_t n, index_t m, index_t width, index_t k) {
  if (m - 1 > index_t(std::numeric_limits<I>::max())) { return; }
  for (bool const same : {true, false}) {
    if (same && n != m) { continue; }
    for (auto const element :
         {screen_element::float32, screen_element::int16_pair, screen_element::int8_quad}) {
      auto const plan = plan_of({n, m, width, same}, k, element, sizeof(I));
      ASSERT_TRUE(plan.room == 0 || plan.room >= 4);
      ASSERT_LE(plan.room, k + 64);
      index_t const documented = (index_t(64) << 20) + 16 * n + (same ? 0 : 8 * m);
      auto const limited = plan_of(limited_sizes{{n, m, width, same}}, k, element, sizeof(I));
      EXPECT_LE((scratch_of<V, I>(limited, k, 4 * width).peak()), documented);
      EXPECT_LE((scratch_of<V, I>(plan, k, 4 * width).peak()), documented)
          << n << " x " << m << " of " << width << ", k " << k << ", room " << plan.room << ", "
          << sizeof(V) << " and " << sizeof(I) << " bytes, " << (same ? "symmetric" : "not");
    }
  }
}

TEST(search_plan, scratch_stays_within_what_is_documented) {
  for (index_t const n : {100, 7000, 20000, 77077, 85742, 150000, 1000000, 10000000}) {
    for (index_t const width : {64, 128, 512, 2048, 30000}) {
      for (index_t const k : {1, 10, 100, 1000}) {
        for (index_t const m : {n, index_t(30000)}) {
          expect_scratch_within_the_budget<float, std::int32_t>(n, m, width, k);
          expect_scratch_within_the_budget<float, std::int64_t>(n, m, width, k);
          expect_scratch_within_the_budget<double, std::int32_t>(n, m, width, k);
          expect_scratch_within_the_budget<double, std::int64_t>(n, m, width, k);
          expect_scratch_within_the_budget<float, std::int16_t>(n, m, width, k);
          expect_scratch_within_the_budget<double, std::int8_t>(n, 120, width, k);
        }
      }
    }
  }
}

TEST(search_plan, scratch_at_the_sizes_where_lists_just_fit) {
  // The room is what is left over: whatever was forgotten shows where the division leaves none.
  for (index_t n = 6000; n < 400000; n += n / 97 + 1) {
    for (index_t const k : {1, 10, 100, 1000}) {
      expect_scratch_within_the_budget<float, std::int32_t>(n, n, 64, k);
      expect_scratch_within_the_budget<double, std::int32_t>(n, n, 512, k);
    }
  }
}

TEST(search_plan, many_slots_cost_no_scratch_beyond_the_budget) {
  for (index_t const k : {5000, 30000, 100000, 300000, 2000000}) {
    expect_scratch_within_the_budget<float, std::int32_t>(k + 1, k + 1, 64, k);
    expect_scratch_within_the_budget<double, std::int64_t>(500, k, 64, k);
  }
}

TEST(search_plan, exact_values_read_rows_a_few_times_at_any_size) {
  for (index_t const n : {1, 900, 20000, 85742, 524288, 1000000, 10000000}) {
    for (index_t const bytes : {0, 4, 512, 4096, 120000}) {
      auto const plan = engine::plan_exact(n, n, bytes, most_parts);
      EXPECT_GE(plan.block * plan.blocks, n);
      EXPECT_LT(plan.block * (plan.blocks - 1), n);
      EXPECT_LE(plan.blocks, engine::most_exact_blocks);
      // Half a million queries at a time.
      EXPECT_EQ(plan.queries, std::min<index_t>((n + 15) / 16, 32768));
      EXPECT_EQ(plan.places(), 2 * plan.queries + plan.blocks + 1);
      EXPECT_GE(plan.stretch, 1);
      if (plan.block * bytes <= 64 << 20) {
        EXPECT_LE(plan.stretch * plan.block * bytes, 64 << 20);
      }
    }
  }
}

}  // namespace
