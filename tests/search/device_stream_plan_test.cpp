// SPDX-License-Identifier: Apache-2.0
// How a search is divided among blocks of rows from the host's memory: plain arithmetic.
#include <coupleface/detail/search/device_stream_plan.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace {

namespace detail = coupleface::detail;
using coupleface::index_t;

TEST(stream_plan, every_pair_of_rows_meets_once_in_order) {
  for (index_t const queries : {0, 1, 128, 129, 1000}) {
    for (index_t const candidates : {0, 1, 127, 128, 500, 900}) {
      for (index_t const bytes : {0, 20000, 60000, 1 << 30}) {
        auto const plan = detail::plan_stream(queries, candidates, {40, 70}, bytes);
        std::vector<index_t> seen(std::size_t(queries), 0);
        std::vector<int> written(std::size_t(queries), 0);
        for (index_t number = 0; number < plan.steps(); ++number) {
          auto const step = plan.step(number);
          ASSERT_GT(step.query_count, 0);
          ASSERT_EQ(step.block == 0, step.candidate_first == 0);
          for (index_t q = step.query_first; q < step.query_first + step.query_count; ++q) {
            ASSERT_EQ(seen[std::size_t(q)], step.candidate_first);  // without a gap
            seen[std::size_t(q)] += step.candidate_count;
            written[std::size_t(q)] += step.last;
            ASSERT_EQ(step.last, seen[std::size_t(q)] == candidates);
          }
        }
        for (index_t q = 0; q < queries; ++q) {
          ASSERT_EQ(seen[std::size_t(q)], candidates);
          ASSERT_EQ(written[std::size_t(q)], 1);
        }
      }
    }
  }
}

TEST(stream_plan, blocks_stay_within_the_bytes_or_are_one_tile) {
  for (index_t const bytes : {0, 100000, 10000000}) {
    auto const plan = detail::plan_stream(100000, 200000, {40, 70}, bytes);
    EXPECT_TRUE(plan.query_rows * 40 <= bytes / 2 || plan.query_rows == detail::tile_rows);
    EXPECT_TRUE(plan.candidate_rows * 70 <= bytes / 2 || plan.candidate_rows == detail::tile_rows);
    EXPECT_TRUE(plan.query_rows % detail::tile_rows == 0 || plan.query_rows == 100000);
    // One tile more would not fit.
    EXPECT_TRUE((plan.query_rows + detail::tile_rows) * 40 > bytes / 2 ||
                plan.query_rows == 100000);
  }
  EXPECT_EQ(detail::plan_stream(1000, 2000, {1, 1}, 1 << 20).steps(), 1);
}

}  // namespace
