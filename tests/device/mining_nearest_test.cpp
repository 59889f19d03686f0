// SPDX-License-Identifier: Apache-2.0
// mine_nearest with a CUDA policy: the host's table, bit for bit.
#include <coupleface/mining/nearest.hpp>

#include "../support/mined_by_device.hpp"

#include <gtest/gtest.h>

#if COUPLEFACE_HAS_KERNELS
namespace {

using namespace coupleface_test;
using coupleface::bfloat16;
using coupleface::float16;
using limits = coupleface::detail::device_limits;

/// Rows of one direction and a little noise: cosines that bfloat16 can hardly tell apart.
template <class T>
matrix<T> bundle(index_t rows, index_t width, double noise, unsigned seed) {
  auto x = random_matrix<T>(rows, width, seed);
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < width; ++j) { x.set(i, j, 1 + noise * x.at(i, j)); }
  }
  return x;
}

TEST(device_mine_nearest, rows_among_themselves) {
  for (auto const& [n, d, k] : {std::array<index_t, 3>{1, 3, 2},
                                {2, 1, 1},
                                {5, 7, 3},
                                {31, 17, 40},
                                {128, 32, 5},
                                {129, 33, 10},
                                {257, 16, 1},
                                {300, 40, 25}}) {
    auto const x = random_matrix<float>(n, d, unsigned(n), 3);
    expect_nearest_of_host(x, x, k);
  }
}

TEST(device_mine_nearest, queries_and_candidates) {
  for (auto const& shape : mining_shapes()) {
    auto const x = random_matrix<float>(shape.queries, shape.width, 1, 1);
    auto const y = random_matrix<float>(shape.candidates, shape.width, 2, 2);
    expect_nearest_of_host(x, y, shape.slots);
  }
}

TEST(device_mine_nearest, thresholds_rise_over_several_steps) {
  auto const x = random_matrix<float>(901, 8, 3);
  auto const few = random_matrix<float>(37, 8, 4);
  for (index_t const k : {1, 9}) {
    limits small;
    small.room = 288;
    expect_nearest_of_host(x, x, k, coupleface::cosine{}, coupleface::other_rows{}, small);
    expect_nearest_of_host(few, x, k, coupleface::cosine{}, coupleface::every_row{}, small);
  }
}

TEST(device_mine_nearest, either_element_of_the_screen) {
  auto const x = random_matrix<float>(300, 50, 5);
  expect_nearest_of_host<float, std::int32_t, bfloat16>(x, x, 12);
  expect_nearest_of_host<float, std::int32_t, float16>(x, x, 12);
  auto const near = bundle<float>(300, 50, 1e-3, 6);
  expect_nearest_of_host<float, std::int32_t, bfloat16>(near, near, 12);
  expect_nearest_of_host<float, std::int32_t, float16>(near, near, 12);
}

TEST(device_mine_nearest, every_storage_type_and_double_values) {
  auto const query = random_matrix<float16>(60, 20, 7);
  auto const candidate = random_matrix<bfloat16>(140, 20, 8);
  expect_nearest_of_host(query, candidate, 9);
  auto const x = random_matrix<double>(140, 24, 9);
  expect_nearest_of_host<double, std::int64_t>(x, x, 11);
  expect_nearest_of_host<double>(x, random_matrix<float>(90, 24, 10), 11);
}

TEST(device_mine_nearest, rows_that_no_screen_can_judge) {
  auto const x = rows_with_everything<float>(200, 10, 10);
  auto const y = rows_with_everything<float>(150, 10, 11);
  for (index_t const k : {3, 120, 199, 260}) {
    expect_nearest_of_host(x, x, k);
    expect_nearest_of_host(x, y, k, coupleface::cosine{}, coupleface::every_row{});
  }
  expect_nearest_of_host<double>(rows_with_everything<double>(70, 6, 12),
                                 rows_with_everything<double>(90, 6, 13), 80);
}

TEST(device_mine_nearest, lists_that_overflow_are_scanned) {
  auto const x = bundle<float>(400, 12, 1e-4, 14);  // all within the screen's error
  limits small;
  small.room = 32;
  small.scan_bytes = 1;
  expect_nearest_of_host(x, x, 7, coupleface::cosine{}, coupleface::other_rows{}, small);
  auto const y = random_matrix<float>(300, 12, 15);
  expect_nearest_of_host(y, y, 30, coupleface::cosine{}, coupleface::other_rows{}, small);
  expect_nearest_of_host(y, y, 40, coupleface::cosine{}, coupleface::other_rows{}, small);
}

/// How many rows of a search among themselves are left to the scan.
int rows_scanned(matrix<float> const& x, index_t k, limits const& limit) {
  namespace detail = coupleface::detail;
  auto const policy = coupleface_test::policy();
  using policy_type = std::decay_t<decltype(policy)>;
  coupleface::matrix_view<float const> const rows = x.view();
  matrix<float> values(x.rows(), k);
  matrix<std::int32_t> indices(x.rows(), k), count(1, 1);
  detail::row_norm_pair<policy_type, float, float> const norms(policy, rows, rows);
  using score = detail::relation_score<float, float, coupleface::cosine>;
  detail::device_search<bfloat16, policy_type, score, coupleface::other_rows, float, std::int32_t>
      search(policy, score{rows, rows, norms.queries(), norms.candidates(), {}}, {}, values.view(),
             indices.view(), limit);
  while (search.step() < search.steps()) { search.advance(); }
  int result = -1;
  detail::read_back(policy, search.scanned().count, 1, &result);
  return result;
}

TEST(device_mine_nearest, only_lists_that_overflow_are_scanned) {
  limits small;
  small.room = 288;
  EXPECT_EQ(rows_scanned(random_matrix<float>(700, 16, 21), 5, small), 0);
  EXPECT_EQ(rows_scanned(random_matrix<float>(300, 16, 22), 20, limits{}), 0);
  auto const near = bundle<float>(280, 16, 1e-5, 23);
  EXPECT_EQ(rows_scanned(near, 5, limits{}), 0);  // all of them fit into a list
  small.room = 160;
  EXPECT_EQ(rows_scanned(near, 5, small), 280);
}

TEST(device_mine_nearest, few_queries_are_scanned_by_segments) {
  auto const x = rows_with_everything<float>(11, 4, 25);
  auto const y = rows_with_everything<float>(1100, 4, 26);
  for (index_t const k : {1, 30, 1099}) {
    expect_nearest_of_host(x, y, k, taxicab{});
    expect_nearest_of_host(x, y, k, taxicab{}, one_in_three{});
  }
}

TEST(device_mine_nearest, sweeps_by_groups_where_lists_must_be_few) {
  auto const x = random_matrix<float>(400, 9, 16);
  limits few;
  few.lists_bytes = 1;
  expect_nearest_of_host(x, x, 5, coupleface::cosine{}, coupleface::other_rows{}, few);
  expect_nearest_of_host(x, x, 5, coupleface::inner_product{}, coupleface::other_rows{}, few);
}

TEST(device_mine_nearest, predicates) {
  auto const x = random_matrix<float>(270, 14, 17);
  expect_nearest_of_host(x, x, 10, coupleface::cosine{}, one_in_three{});
  expect_nearest_of_host(x, x, 10, coupleface::cosine{}, no_pair{});
}

TEST(device_mine_nearest, other_relations) {
  auto const x = rows_with_everything<float>(180, 11, 18);
  auto const y = random_matrix<float>(210, 11, 19);
  for (index_t const k : {4, 30}) {
    expect_nearest_of_host(x, x, k, coupleface::inner_product{});
    expect_nearest_of_host(x, y, k, coupleface::inner_product{}, coupleface::every_row{});
    expect_nearest_of_host(x, x, k, coupleface::negative_squared_distance{});
    expect_nearest_of_host(y, x, k, coupleface::negative_squared_distance{}, one_in_three{});
    expect_nearest_of_host(x, y, k, taxicab{});
  }
  limits small;
  small.room = 160;
  auto const z = random_matrix<float>(500, 11, 20);
  expect_nearest_of_host(z, z, 10, coupleface::negative_squared_distance{},
                         coupleface::other_rows{}, small);
  expect_nearest_of_host<double>(z, z, 10, taxicab{});
}

TEST(device_nearest_search, steps_and_a_saved_state_give_the_bits_of_mine_nearest) {
  auto const x = random_matrix<float>(400, 5, 24);
  auto const device = policy();
  auto const of = [&](auto relation) {
    mined_table<float> whole(400, 6), table(400, 6), resumed(400, 6);
    mine_nearest(device, x.view(), x.view(), whole.values.view(), whole.indices.view(), relation);
    coupleface::nearest_search search(device, x.view(), x.view(), table.values.view(),
                                      table.indices.view(), relation);
    std::vector<std::vector<char>> saved;
    for (index_t const last = search.steps() / 2; search.step() < last;) { search.advance(); }
    search.visit_state([&](void* data, std::size_t bytes) {
      saved.emplace_back(bytes);
      copy_device(saved.back().data(), data, bytes);
    });
    while (search.step() < search.steps()) { search.advance(); }
    EXPECT_EQ(search.finish(), 0);
    EXPECT_TRUE(table.same_bits(whole));
    coupleface::nearest_search other(device, x.view(), x.view(), resumed.values.view(),
                                     resumed.indices.view(), relation);
    std::size_t at = 0;
    other.visit_state([&](void* data, std::size_t bytes) {
      ASSERT_EQ(saved.at(at).size(), bytes);
      copy_device(data, saved[at++].data(), bytes);
    });
    EXPECT_EQ(at, saved.size());
    while (other.step() < other.steps()) { other.advance(); }
    other.finish();
    EXPECT_TRUE(resumed.same_bits(whole));
    return search.steps();
  };
  EXPECT_GT(of(coupleface::cosine{}), 1);
  EXPECT_GT(of(coupleface::inner_product{}), 1);
  EXPECT_EQ(of(taxicab{}), 0);
}

}  // namespace
#endif
