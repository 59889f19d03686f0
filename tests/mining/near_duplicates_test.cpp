// SPDX-License-Identifier: Apache-2.0
// near_duplicates: a merge list from a table of relations.
#include <coupleface/mining/near_duplicates.hpp>

#include "../support/brute_force.hpp"
#include "../support/counting_allocator.hpp"

#include <coupleface/mining/nearest.hpp>

#include <algorithm>

namespace {

using namespace coupleface_test;
using coupleface::near_duplicates;
using ids = matrix<std::int32_t>;

double const none = -std::numeric_limits<double>::infinity();

TEST(near_duplicates, hand_computed) {
  // 4 - 1 - 5 is a chain; 0 - 2 are the nearest; 3 is alone. Both slots of 1 are used.
  matrix<double> const values(
      6, 2, {0.99, 0.2, 0.9, 0.95, 0.99, 0.1, 0.5, none, 0.9, 0.4, 0.95, std::nan("")});
  ids const indices(6, 2, {2, 1, 4, 5, 0, 3, 2, -1, 1, 5, 1, 4});
  auto const found = near_duplicates(policy(), values.view(), indices.view(), 0.9);
  ASSERT_EQ(found.pairs.size(), 3u);
  double const expected[3][3] = {{0, 2, 0.99}, {1, 5, 0.95}, {1, 4, 0.9}};
  for (std::size_t p = 0; p < 3; ++p) {
    EXPECT_EQ(found.pairs[p].first, expected[p][0]);
    EXPECT_EQ(found.pairs[p].second, expected[p][1]);
    EXPECT_EQ(found.pairs[p].similarity, expected[p][2]);
  }
  EXPECT_EQ(found.representatives, (std::vector<index_t>{0, 1, 0, 3, 1, 1}));
  EXPECT_EQ(found.truncated, std::vector<index_t>{1});
  EXPECT_TRUE(near_duplicates(policy(), values.view(), indices.view(), 1.5).pairs.empty());
}

TEST(near_duplicates, one_sided_pairs_own_rows_and_disagreement) {
  // Row 0 shows itself; only row 2 shows (1, 2); the two rows of (0, 3) disagree.
  matrix<float> const values(4, 2, {1, 0.75, 0.5, 0.25, 0.875, 0, 0.8125, 0.5});
  ids const indices(4, 2, {0, 3, 3, 0, 1, 0, 0, 1});
  auto const found = near_duplicates(policy(), values.view(), indices.view(), 0.7);
  ASSERT_EQ(found.pairs.size(), 2u);
  EXPECT_EQ(found.pairs[0].first, 1);
  EXPECT_EQ(found.pairs[0].second, 2);
  EXPECT_EQ(found.pairs[1].first, 0);
  EXPECT_EQ(found.pairs[1].second, 3);
  EXPECT_EQ(found.pairs[1].similarity, 0.8125);
  EXPECT_EQ(found.truncated, std::vector<index_t>{0});  // itself and 3: there may be a third
}

TEST(near_duplicates, a_row_that_shows_all_others_is_not_truncated) {
  matrix<float> const values(2, 1, {1, 1});
  ids const indices(2, 1, {1, 0});
  auto const pair = near_duplicates(policy(), values.view(), indices.view(), 0.5);
  EXPECT_EQ(pair.pairs.size(), 1u);
  EXPECT_TRUE(pair.truncated.empty());
  auto const no_slots =
      near_duplicates(policy(), matrix<float>(3, 0).view(), ids(3, 0).view(), 0.5);
  EXPECT_EQ(no_slots.truncated, (std::vector<index_t>{0, 1, 2}));
  auto const one = near_duplicates(policy(), matrix<float>(1, 0).view(), ids(1, 0).view(), 0.5);
  EXPECT_TRUE(one.truncated.empty() && one.pairs.empty());
  EXPECT_EQ(one.representatives, std::vector<index_t>{0});
}

/// Rows around few centres, and the table of their K nearest, against every pair. How many pairs
/// does the table not show?
std::size_t expect_every_pair(index_t n, index_t k, double spread, double threshold) {
  auto const centres = random_matrix<float>(7, 6, 1), noise = random_matrix<float>(n, 6, 2);
  matrix<float> x(n, 6);
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < 6; ++j) { x.set(i, j, centres.at(i % 7, j) + spread * noise.at(i, j)); }
  }
  mined_table<float> table(n, k);
  mine_nearest(policy(), x.view(), x.view(), table.values.view(), table.indices.view());
  auto const found =
      near_duplicates(policy(), table.values.view(), table.indices.view(), threshold);
  auto const scores = all_relations<float>(x, x);
  std::vector<bool> truncated(std::size_t(n), false);
  for (index_t const i : found.truncated) { truncated[std::size_t(i)] = true; }
  std::size_t missing = 0, expected = 0;
  matrix<char> linked(n, n, std::vector<double>(std::size_t(n * n), 0.0));
  for (auto const& pair : found.pairs) {
    EXPECT_LT(pair.first, pair.second);
    EXPECT_GE(pair.similarity, threshold);
    EXPECT_EQ(pair.similarity, scores.at(pair.first, pair.second));
    EXPECT_EQ(linked.get(pair.first, pair.second), 0);
    linked.set(pair.first, pair.second, 1);
  }
  for (index_t a = 0; a < n; ++a) {
    for (index_t b = a + 1; b < n; ++b) {
      expected += scores.at(a, b) >= threshold;
      if (scores.at(a, b) >= threshold && linked.get(a, b) == 0) {
        ++missing;
        EXPECT_TRUE(truncated[std::size_t(a)] && truncated[std::size_t(b)]) << a << ", " << b;
      }
    }
  }
  EXPECT_EQ(found.pairs.size() + missing, expected);
  EXPECT_TRUE(missing == 0 || !found.truncated.empty());
  EXPECT_TRUE(std::is_sorted(found.pairs.begin(), found.pairs.end(), [](auto p, auto q) {
    if (p.similarity != q.similarity) { return p.similarity > q.similarity; }
    return p.first != q.first ? p.first < q.first : p.second < q.second;
  }));
  // Groups, by spreading the smallest id along the pairs until nothing changes.
  std::vector<index_t> group(std::size_t(n), 0);
  for (index_t i = 0; i < n; ++i) { group[std::size_t(i)] = i; }
  for (bool changed = true; changed;) {
    changed = false;
    for (auto const& pair : found.pairs) {
      index_t& a = group[std::size_t(pair.first)];
      index_t& b = group[std::size_t(pair.second)];
      changed = changed || a != b;
      a = b = std::min(a, b);
    }
  }
  EXPECT_EQ(found.representatives, group);
  return missing;
}

TEST(near_duplicates, against_every_pair) {
  for (index_t const n : {0, 1, 2, 13, 101}) {
    EXPECT_EQ(expect_every_pair(n, 20, 0.02, 0.99), 0u);
    expect_every_pair(n, 3, 0.02, 0.99);
    expect_every_pair(n, 100, 0.5, 0.6);
  }
  EXPECT_GT(expect_every_pair(101, 3, 0.02, 0.99), 0u);  // fewer slots than duplicates
}

TEST(near_duplicates, errors_name_what_is_wrong) {
  matrix<float> const values(3, 1, {1, 1, 1});
  ids const indices(3, 1, {1, 2, 3}), fine(3, 1, {1, 2, 0}), fewer(2, 1, {0, 1});
  expect_refused([&] { near_duplicates(policy(), values.view(), indices.view(), 0.5); },
                 "coupleface::near_duplicates: indices(2, 0) is 3, outside [-1, 3)");
  expect_refused([&] { near_duplicates(policy(), values.view(), fewer.view(), 0.5); },
                 "coupleface::near_duplicates: indices is 2 x 1, but values is 3 x 1");
  expect_refused([&] { near_duplicates(policy(), values.view(), fine.view(), std::nan("")); },
                 "coupleface::near_duplicates: threshold is NaN");
}

TEST(near_duplicates, scratch_is_counted) {
  auto const values = random_matrix<float>(300, 7, 3);
  ids const indices(300, 7, std::vector<double>(2100, 4.0));
  allocation_count count;
  counting_allocator allocator(count);
  auto const a =
      near_duplicates(thrust::seq(allocator), on_host(values).view(), on_host(indices).view(), 1.0);
  auto const b = near_duplicates(policy(), values.view(), indices.view(), 1.0);
  EXPECT_EQ(a.representatives, b.representatives);
  EXPECT_EQ(a.pairs.size(), b.pairs.size());
  EXPECT_EQ(count.bytes, 8u * 300);
  EXPECT_EQ(count.live, 0u);
}

}  // namespace
