// SPDX-License-Identifier: Apache-2.0
// mine_nearest with a CUDA policy where rows lie in the host's memory: the table of resident rows,
// bit for bit, however they are divided into blocks.
#include <coupleface/mining/nearest.hpp>

#include "../support/mined_by_device.hpp"

#include <gtest/gtest.h>

#if COUPLEFACE_HAS_KERNELS
namespace {

using namespace coupleface_test;
using coupleface::cosine;
using coupleface::every_row;
using coupleface::float16;
using coupleface::other_rows;
using limits = coupleface::detail::device_limits;

/// Blocks of so many bytes: of one tile of rows each, some, or one of all.
std::vector<limits> block_sizes() {
  std::vector<limits> result(3);
  result[0].stream_bytes = 1;
  result[1].stream_bytes = 200000;
  return result;
}

/// Rows on either side: on the host, in whose memory they are streamed from, or on the device.
template <class V = float, class Q, class C, class Relation = cosine, class Keep = other_rows>
void expect_streamed(matrix<Q> const& queries, matrix<C> const& candidates, index_t slots,
                     Relation relation = {}, Keep keep = {}) {
  auto const host_q = on_host(queries);
  auto const host_c = on_host(candidates);
  auto const by_host = [&](auto values, auto indices) {
    coupleface::mine_nearest(thrust::seq, host_q.view(), host_c.view(), values, indices, relation,
                             keep);
  };
  auto const check = [&](auto q, auto c, limits const& limit, char const* what) {
    expect_same_table<V>(
        queries.rows(), slots,
        [&](auto values, auto indices) {
          coupleface::detail::mine_nearest(policy(), q, c, values, indices, relation, keep, limit);
        },
        by_host,
        what + (" in blocks of " + std::to_string(limit.stream_bytes)) + " bytes, " +
            std::to_string(queries.rows()) + " x " + std::to_string(candidates.rows()) + ", K " +
            std::to_string(slots));
  };
  for (auto const& limit : block_sizes()) {
    check(host_q.view(), host_c.view(), limit, "both on the host");
  }
  check(queries.view(), host_c.view(), block_sizes()[0], "candidates on the host");
  check(host_q.view(), candidates.view(), block_sizes()[0], "queries on the host");
}

TEST(device_streamed_search, queries_and_candidates) {
  for (auto const& [n, m, d, k] : {std::array<index_t, 4>{1, 1, 3, 2},
                                   {3, 500, 8, 4},
                                   {140, 129, 17, 1},
                                   {200, 400, 16, 9},
                                   {129, 270, 0, 260}}) {
    expect_streamed(random_matrix<float>(n, d, 1, 1), random_matrix<float>(m, d, 2, 2), k, cosine{},
                    every_row{});
  }
  expect_streamed(random_matrix<float>(20, 4, 1), matrix<float>(0, 4), 3);
  expect_streamed(matrix<float>(0, 4), random_matrix<float>(20, 4, 1), 3);
}

TEST(device_streamed_search, rows_among_themselves) {
  auto const x = random_matrix<float>(390, 12, 3);
  expect_streamed(x, x, 10);
}

TEST(device_streamed_search, storage_types) {
  expect_streamed(random_matrix<float16>(130, 13, 4),
                  random_matrix<coupleface::bfloat16>(270, 13, 5), 7);
  auto const x = random_matrix<double>(150, 9, 6, 1);
  expect_streamed<double>(x, x, 11);
}

TEST(device_streamed_search, ties_and_rows_that_no_screen_can_judge) {
  auto const x = rows_with_everything<float>(140, 6, 7);
  for (index_t const k : {3, 139}) { expect_streamed(x, x, k); }
  auto const y = rows_with_everything<float>(150, 6, 8);
  expect_streamed(x, y, 5, coupleface::inner_product{});
  expect_streamed(x, y, 5, coupleface::negative_squared_distance{}, every_row{});
  expect_streamed(x, y, 5, taxicab{});
}

TEST(device_streamed_search, predicates) {
  auto const x = random_matrix<float>(270, 9, 9);
  expect_streamed(x, x, 6, cosine{}, one_in_three{});
  expect_streamed(x, x, 6, cosine{}, no_pair{});
}

TEST(device_streamed_search, is_what_the_public_call_does) {
  auto const x = random_matrix<float>(300, 20, 10);
  auto const host_x = on_host(x);
  expect_same_table(
      300, 8, [&](auto v, auto i) { mine_nearest(policy(), host_x.view(), host_x.view(), v, i); },
      [&](auto v, auto i) { mine_nearest(thrust::seq, host_x.view(), host_x.view(), v, i); },
      "rows on the host");
}

TEST(device_streamed_search, steps_and_a_saved_state_give_the_bits_of_mine_nearest) {
  auto const x = random_matrix<float>(260, 5, 11);
  auto const host_x = on_host(x);
  auto const rows = host_x.view();
  limits small;
  small.stream_bytes = 1;
  using steps = coupleface::detail::nearest_steps<std::decay_t<decltype(policy())>, float, float,
                                                  float, std::int32_t, cosine, other_rows>;
  auto const device = policy();
  mined_table<float> whole(260, 6), table(260, 6);
  mine_nearest(device, x.view(), x.view(), whole.values.view(), whole.indices.view());
  steps search(device, rows, rows, table.values.view(), table.indices.view(), {}, {}, small);
  EXPECT_EQ(search.steps(), 9);  // three blocks of queries past three of candidates
  std::vector<std::vector<std::vector<char>>> saved;
  std::vector<std::vector<char>> state;
  auto const save = [&](void* data, std::size_t bytes) {
    state.emplace_back(bytes);
    copy_device(state.back().data(), data, bytes);
  };
  while (search.step() < search.steps()) {
    state.clear();
    search.visit_state(save);
    saved.push_back(state);
    search.advance();
  }
  search.finish();
  EXPECT_TRUE(table.same_bits(whole));
  for (std::size_t const step : {1, 5, 8}) {
    auto const& from = saved[step];
    mined_table<float> resumed(260, 6);
    steps other(device, rows, rows, resumed.values.view(), resumed.indices.view(), {}, {}, small);
    std::size_t at = 0;
    auto const load = [&](void* data, std::size_t bytes) {
      ASSERT_EQ(from.at(at).size(), bytes);
      copy_device(data, from[at++].data(), bytes);
    };
    other.visit_state(load);
    while (other.step() < other.steps()) { other.advance(); }
    other.finish();
    EXPECT_TRUE(resumed.same_bits(whole));
  }
}

}  // namespace
#endif
