// SPDX-License-Identifier: Apache-2.0
// sample_classes: positives, then hard negatives by rank, then random ones.
#include <coupleface/mining/sample_classes.hpp>

#include "../support/matrix.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace coupleface_test;
using coupleface::sample_classes;
using ids = matrix<std::int32_t>;

std::set<int> sample(ids const& labels, index_t classes, ids const& table, std::uint64_t seed,
                     index_t count) {
  ids result(1, count);
  sample_classes(policy(), labels.vector(), classes, table.view(), seed, result.vector());
  std::set<int> chosen;
  for (index_t j = 0; j < count; ++j) {
    if (j > 0) { EXPECT_LT(result.get(0, j - 1), result.get(0, j)); }
    chosen.insert(result.get(0, j));
  }
  return chosen;
}

TEST(sample_classes, positives_then_hard_negatives_by_rank) {
  ids const labels(1, 4, {2, -1, 5, 2});
  ids table(8, 2, std::vector<double>(16, -1.0));
  table.set(2, 0, 7);
  table.set(2, 1, 0);
  table.set(5, 0, 2);  // a positive: takes no slot
  table.set(5, 1, 4);
  EXPECT_EQ(sample(labels, 8, table, 1, 2), (std::set<int>{2, 5}));
  EXPECT_EQ(sample(labels, 8, table, 1, 3), (std::set<int>{2, 5, 7}));
  EXPECT_EQ(sample(labels, 8, table, 1, 4), (std::set<int>{0, 2, 5, 7}));
  EXPECT_EQ(sample(labels, 8, table, 1, 5), (std::set<int>{0, 2, 4, 5, 7}));
  EXPECT_EQ(sample(labels, 8, table, 1, 8).size(), 8u);
}

TEST(sample_classes, every_samples_first_negative_comes_before_anybodys_second) {
  ids const labels(1, 2, {0, 1}),
      table(8, 2, {2, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1});
  EXPECT_EQ(sample(labels, 8, table, 1, 4), (std::set<int>{0, 1, 2, 4}));
  EXPECT_EQ(sample(labels, 8, table, 1, 5), (std::set<int>{0, 1, 2, 3, 4}));
}

TEST(sample_classes, random_ones_depend_on_the_seed_alone_and_reach_every_class) {
  ids const labels(1, 1, std::vector<double>{3});
  ids const no_table(50, 0);
  EXPECT_EQ(sample(labels, 50, no_table, 7, 10), sample(labels, 50, no_table, 7, 10));
  EXPECT_NE(sample(labels, 50, no_table, 7, 10), sample(labels, 50, no_table, 8, 10));
  std::vector<int> seen(50, 0);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    for (int const c : sample(labels, 50, no_table, seed, 8)) { ++seen[std::size_t(c)]; }
  }
  EXPECT_EQ(seen[3], 2000);
  // 7 of 49 each time: 286 expected, deviation 16; six of them is no accident.
  for (int c = 0; c < 50; ++c) {
    if (c != 3) { EXPECT_NEAR(seen[std::size_t(c)], 2000.0 * 7 / 49, 95) << c; }
  }
}

TEST(sample_classes, same_classes_for_every_policy) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    index_t const classes = seed % 3 == 0 ? 1 : 300, slots = seed % 4 * 3;
    auto const labels = random_labels(40, classes, seed);
    ids table(classes, slots, 2);
    std::mt19937 generator(seed);
    for (index_t c = 0; c < classes; ++c) {
      for (index_t k = 0; k < slots; ++k) {
        table.set(c, k, double(generator() % unsigned(classes + 1)) - 1);
      }
    }
    auto const host_labels = on_host(labels);
    auto const host_table = on_host(table);
    for (index_t const count : {40, 41, 90, 299, 300}) {
      if (count > classes) { continue; }
      ids result(1, count);
      host_matrix<std::int32_t> expected(1, count);
      sample_classes(policy(), labels.vector(), classes, table.view(), seed, result.vector());
      sample_classes(thrust::seq, host_labels.vector(), classes, host_table.view(), seed,
                     expected.vector());
      EXPECT_TRUE(result.same_bits(expected)) << seed << " " << count;
    }
  }
}

TEST(sample_classes, errors_name_the_sizes_and_write_nothing) {
  ids const labels(1, 2, {0, 3});
  ids const no_table(4, 0);
  ids one(1, 1), five(1, 5);
  try {
    sample_classes(policy(), labels.vector(), 4, no_table.view(), 1, one.vector());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(),
                 "coupleface::sample_classes: size of classes is 1, but the batch "
                 "has 2 classes and there are 4 in all");
  }
  EXPECT_THROW(sample_classes(policy(), labels.vector(), 4, no_table.view(), 1, five.vector()),
               std::invalid_argument);
  EXPECT_THROW(sample_classes(policy(), labels.vector(), 3, no_table.view(), 1, one.vector()),
               std::invalid_argument);
  ids const table(4, 2, {0, 1, 9, 9, 2, -1, 1, -2});
  ids two(1, 2);
  try {  // the row of class 1, which is not in the batch, may hold anything
    sample_classes(policy(), labels.vector(), 4, table.view(), 1, two.vector());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(), "coupleface::sample_classes: table(3, 1) is -2, outside [-1, 4)");
  }
  EXPECT_TRUE(one.untouched() && five.untouched() && two.untouched());
}

}  // namespace
