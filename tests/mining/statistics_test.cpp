// SPDX-License-Identifier: Apache-2.0
// describe_table and active_pair_share: a table in numbers.
#include <coupleface/mining/statistics.hpp>

#include "../support/brute_force.hpp"
#include "../support/counting_allocator.hpp"
#include "../support/reference.hpp"

namespace {

using namespace coupleface_test;
using coupleface::active_pair_share;
using coupleface::describe_table;
using coupleface::even_edges;
using coupleface::table_statistics;
using ids = matrix<std::int32_t>;
using counts = std::vector<index_t>;

double const no_value = -std::numeric_limits<double>::infinity();

TEST(describe_table, hand_computed) {
  matrix<float> const values(
      3, 3, {0.75, 0.5, no_value, 0.25, -0.5, std::nan(""), no_value, no_value, no_value}, 1);
  ids const indices(3, 3, {1, 2, -1, 2, 4, 0, -1, -1, -1}, 2);
  auto const s = describe_table(policy(), values.view(), indices.view(), 6, even_edges(4));
  EXPECT_EQ(s.pairs, 5);
  EXPECT_EQ(s.empty, 4);
  EXPECT_EQ(s.not_numbers, 1);
  EXPECT_EQ(s.mean, 0.25);
  EXPECT_EQ(s.smallest, -0.5);
  EXPECT_EQ(s.largest, 0.75);
  EXPECT_EQ(s.mean_nearest, 0.5);
  EXPECT_EQ(s.histogram, (counts{0, 1, 1, 2}));  // -0.5 and 0.5 open their bins
  EXPECT_EQ(s.below + s.above, 0);
  EXPECT_EQ(s.chosen, (counts{1, 1, 2, 0, 1, 0}));
  EXPECT_EQ(s.most_chosen, 2);
  EXPECT_EQ(s.never_chosen, 2);
  EXPECT_EQ(s.share_never_chosen(), 2.0 / 6);
}

TEST(describe_table, bins_and_their_edges) {
  matrix<double> const values(1, 7, {-3, -1, -0.5, 0, 0.5, 1, 1.5});
  ids const indices(1, 7, std::vector<double>(7, 0.0));
  auto const of = [&](std::vector<double> const& edges) {
    return describe_table(policy(), values.view(), indices.view(), 1, edges);
  };
  auto const two = of({-1, 0, 1});
  EXPECT_EQ(two.histogram, (counts{2, 3}));  // [-1, 0), [0, 1]
  EXPECT_EQ(two.below, 1);
  EXPECT_EQ(two.above, 1);
  EXPECT_EQ(of({-HUGE_VAL, 0.5, HUGE_VAL}).histogram, (counts{4, 3}));
  EXPECT_EQ(of({}).histogram, counts{});
  EXPECT_EQ(of({}).below + of({}).above, 0);
  EXPECT_EQ(even_edges(4), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  EXPECT_EQ(even_edges(3, 0.0, 0.3).back(), 0.3);
}

/// Plain loops over the table.
template <class V>
void expect_counts(matrix<V> const& values, ids const& indices, index_t candidates) {
  auto const edges = even_edges(7, -1.5, 1.5);
  auto const s = describe_table(policy(), values.view(), indices.view(), candidates, edges);
  counts chosen(std::size_t(candidates), 0), histogram(7, 0);
  index_t pairs = 0, numbers = 0, nearest = 0, below = 0, above = 0;
  long double sum = 0, nearest_sum = 0;
  double smallest = HUGE_VAL, largest = -HUGE_VAL;
  for (index_t i = 0; i < values.rows(); ++i) {
    for (index_t k = 0; k < values.columns(); ++k) {
      if (indices.get(i, k) < 0) { continue; }
      ++pairs;
      ++chosen[std::size_t(indices.get(i, k))];
      double const value = values.at(i, k);
      if (std::isnan(value)) { continue; }
      ++numbers;
      sum += value;
      smallest = std::min(smallest, value);
      largest = std::max(largest, value);
      nearest += k == 0;
      nearest_sum += k == 0 ? value : 0;
      below += value < edges.front();
      above += value > edges.back();
      for (std::size_t bin = 0; bin < 7; ++bin) {
        histogram[bin] += edges[bin] <= value &&
                          (value < edges[bin + 1] || (bin == 6 && value == edges[bin + 1]));
      }
    }
  }
  EXPECT_EQ(s.pairs, pairs);
  EXPECT_EQ(s.empty, values.rows() * values.columns() - pairs);
  EXPECT_EQ(s.not_numbers, pairs - numbers);
  EXPECT_EQ(s.chosen, chosen);
  EXPECT_EQ(s.histogram, histogram);
  EXPECT_EQ(s.below, below);
  EXPECT_EQ(s.above, above);
  EXPECT_EQ(s.most_chosen, chosen.empty() ? 0 : *std::max_element(chosen.begin(), chosen.end()));
  EXPECT_EQ(s.never_chosen, std::count(chosen.begin(), chosen.end(), 0));
  // One rounding for each addition of values up to 4, and one for the mean.
  double const allowed = tolerance<double>(double(numbers) + 1, 4);
  if (numbers > 0) {
    EXPECT_NEAR(s.mean, double(sum / numbers), allowed);
    EXPECT_EQ(s.smallest, smallest);
    EXPECT_EQ(s.largest, largest);
  } else {
    EXPECT_TRUE(std::isnan(s.mean) && std::isnan(s.smallest) && std::isnan(s.largest));
  }
  if (nearest > 0) {
    EXPECT_NEAR(s.mean_nearest, double(nearest_sum / nearest), allowed);
  } else {
    EXPECT_TRUE(std::isnan(s.mean_nearest));
  }
}

TEST(describe_table, every_shape) {
  for (auto const& [n, m, d, k] : mining_shapes()) {
    std::mt19937 generator(7);
    std::normal_distribution<double> normal;
    matrix<float> values(n, k, 1);
    ids indices(n, k, 1);
    for (index_t i = 0; i < n; ++i) {
      for (index_t slot = 0; slot < k; ++slot) {
        unsigned const what = unsigned(generator() % 9u);
        values.set(i, slot, what == 0 ? std::nan("") : std::clamp(normal(generator), -4.0, 4.0));
        indices.set(i, slot, what < 3 && what > 0 ? -1 : double(generator() % unsigned(m + 1)));
      }
    }
    expect_counts(values, indices, m + 1);
    (void)d;
  }
  expect_counts(matrix<double>(0, 0), ids(0, 0), 0);
}

TEST(describe_table, errors_name_what_is_wrong) {
  matrix<float> const values(2, 2, {1, 1, 1, 1});
  ids const indices(2, 2, {0, 1, 2, 5}), below(2, 2, {0, -2, 0, 0}), fewer(1, 2, {0, 0});
  auto const describe = [&](ids const& of, index_t candidates, std::vector<double> const& edges) {
    describe_table(policy(), values.view(), of.view(), candidates, edges);
  };
  expect_refused([&] { describe(indices, 5, {}); },
                 "coupleface::describe_table: indices(1, 1) is 5, outside [-1, 5)");
  expect_refused([&] { describe(below, 5, {}); },
                 "coupleface::describe_table: indices(0, 1) is -2, outside [-1, 5)");
  expect_refused([&] { describe(fewer, 5, {}); },
                 "coupleface::describe_table: indices is 1 x 2, but values is 2 x 2");
  EXPECT_THROW(describe(indices, -1, {}), std::invalid_argument);
  std::string const edges =
      "coupleface::describe_table: edges must be none or at least two that ascend";
  expect_refused([&] { describe(indices, 6, {0.5}); }, edges);
  expect_refused([&] { describe(indices, 6, {0.5, 0.5}); }, edges);
  expect_refused([&] { describe(indices, 6, {0.0, std::nan(""), 1.0}); }, edges);
  EXPECT_THROW(even_edges(0), std::invalid_argument);
}

TEST(describe_table, same_bits_for_every_policy_within_the_documented_scratch) {
  auto const values = random_matrix<float>(1000, 13, 3);
  ids const indices(1000, 13, std::vector<double>(13000, 4.0));
  allocation_count count;
  counting_allocator allocator(count);
  auto const a = describe_table(policy(), values.view(), indices.view(), 5);
  auto const b =
      describe_table(thrust::seq(allocator), on_host(values).view(), on_host(indices).view(), 5);
  EXPECT_EQ(std::memcmp(&a.mean, &b.mean, sizeof(double)), 0);
  EXPECT_EQ(std::memcmp(&a.mean_nearest, &b.mean_nearest, sizeof(double)), 0);
  EXPECT_EQ(a.histogram, b.histogram);
  EXPECT_EQ(count.bytes, 64u * (8 * 20 + 72));
  EXPECT_EQ(count.live, 0u);
}

TEST(active_pair_share, hand_computed_for_every_penalty) {
  // Two pairs do not count: one slot is empty, one gap is NaN.
  matrix<double> const gaps(2, 4, {0.5, 0.1, 0.03, -0.2, 0.0, no_value, std::nan(""), -0.01});
  ids const indices(2, 4, {0, 1, 2, 3, 0, -1, 2, 3});
  auto const share = [&](auto penalty) {
    return active_pair_share(policy(), gaps.view(), indices.view(), penalty);
  };
  EXPECT_EQ(active_pair_share(policy(), gaps.view(), indices.view()), 2.0 / 6);  // hinge at 0.03
  EXPECT_EQ(share(coupleface::hinge{0.2}), 1.0 / 6);
  EXPECT_EQ(share(coupleface::hinge{0.0}), 3.0 / 6);
  EXPECT_EQ(share(coupleface::dead_zone{0.03}), 3.0 / 6);
  EXPECT_EQ(share(coupleface::absolute{}), 5.0 / 6);
  EXPECT_EQ(share(coupleface::squared{}), 5.0 / 6);
  EXPECT_EQ(active_pair_share(policy(), matrix<float>(0, 3).view(), ids(0, 3).view()), 0.0);
}

TEST(active_pair_share, errors_and_scratch) {
  auto const gaps = random_matrix<float>(300, 7, 3);
  ids const indices(300, 7, std::vector<double>(2100, 4.0)), fewer(299, 7);
  expect_refused([&] { active_pair_share(policy(), gaps.view(), fewer.view()); },
                 "coupleface::active_pair_share: indices is 299 x 7, but gaps is 300 x 7");
  expect_refused(
      [&] { active_pair_share(policy(), gaps.view(), indices.view(), coupleface::hinge{-1.0}); },
      "coupleface::active_pair_share: the penalty's settings are out of range");
  allocation_count count;
  counting_allocator allocator(count);
  EXPECT_EQ(
      active_pair_share(thrust::seq(allocator), on_host(gaps).view(), on_host(indices).view()),
      active_pair_share(policy(), gaps.view(), indices.view()));
  EXPECT_EQ(count.bytes, 16u * 300);
  EXPECT_EQ(count.live, 0u);
}

}  // namespace
