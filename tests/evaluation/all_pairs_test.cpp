// SPDX-License-Identifier: Apache-2.0
// Verification over all pairs, against roc() over the list of all of them.
#include <coupleface/evaluation/all_pairs.hpp>

#include "support/brute_force.hpp"
#include "support/scratch_ceiling.hpp"
#include "support/judged_pairs.hpp"
#include "support/threads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace cf = coupleface;

namespace {

using namespace coupleface_test;
using cf::index_t;

std::vector<double> const targets{1e-9, 0, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 0.5, 0.99, 1};

void expect_as_listed(cf::all_pairs_rates const& rates, judged_pairs const& pairs,
                      std::vector<double> const& fars = targets) {
  auto const curve = pairs.curve();
  auto const same = std::count(pairs.same.begin(), pairs.same.end(), 1);
  EXPECT_EQ(rates.same_pairs, same);
  EXPECT_EQ(rates.different_pairs, index_t(pairs.same.size()) - same);
  ASSERT_EQ(rates.points.size(), fars.size());
  for (std::size_t k = 0; k < fars.size(); ++k) {
    auto const expected = cf::tar_at_far(curve, fars[k]);
    SCOPED_TRACE("far " + std::to_string(fars[k]) + " of " + std::to_string(pairs.same.size()));
    expect_equal_bits(rates.points[k].threshold, expected.threshold, "threshold");
    expect_equal_bits(rates.points[k].far, expected.far, "far");
    expect_equal_bits(rates.points[k].tar, expected.tar, "tar");
  }
  expect_equal_bits(rates.equal_error_rate, cf::equal_error_rate(curve), "equal error rate");
}

template <class A, class Relation = cf::cosine>
void check_within(matrix<A> const& x, std::vector<int> const& labels, Relation relation = {}) {
  expect_as_listed(cf::verify_all_pairs(policy(), x.view(), view_of(labels), targets, relation),
                   list_pairs(x, labels, x, labels, true, relation));
}

template <class A, class B, class Relation = cf::cosine>
void check_across(matrix<A> const& a, std::vector<int> const& a_labels, matrix<B> const& b,
                  std::vector<int> const& b_labels, Relation relation = {}) {
  expect_as_listed(cf::verify_all_pairs(policy(), a.view(), view_of(a_labels), b.view(),
                                        view_of(b_labels), targets, relation),
                   list_pairs(a, a_labels, b, b_labels, false, relation));
}

TEST(all_pairs, hand_computed) {
  // Angles 0, 10 (person 0), 30, 90 (person 1) degrees and one row that is left out.
  matrix<float> const x(5, 2, {1, 0, 0.5, 0.0881635, 0.8660254, 0.5, 0, 2, 1, 1});
  std::vector<int> const labels{0, 0, 1, 1, -1};
  auto const rates = cf::verify_all_pairs(policy(), x.view(), view_of(labels), {0, 0.25, 0.5, 1});
  EXPECT_EQ(rates.same_pairs, 2);
  EXPECT_EQ(rates.different_pairs, 4);
  // By score: cos 10 same, cos 20, cos 30 different, cos 60 same, cos 80, cos 90 different.
  double const tars[] = {0.5, 0.5, 1, 1}, fars[] = {0, 0.25, 0.5, 1};
  double const degrees[] = {10, 20, 60, 90};
  for (int k = 0; k < 4; ++k) {
    EXPECT_EQ(rates.points[k].tar, tars[k]);
    EXPECT_EQ(rates.points[k].far, fars[k]);
    EXPECT_NEAR(rates.points[k].threshold, std::cos(degrees[k] * std::acos(-1.0) / 180), 1e-6);
  }
  EXPECT_EQ(rates.equal_error_rate, 0.5);
}

TEST(all_pairs, equal_the_list_of_all_pairs) {
  for (index_t n : {0, 1, 2, 3, 15, 33, 113, 300}) {
    for (index_t d : {1, 7, 64}) {
      labelled_rows<float> const x(n, d, 1 + int(n) / 5, 0.7, unsigned(n + d));
      check_within(x.rows, x.labels);
    }
  }
}

TEST(all_pairs, equal_the_list_between_two_sets) {
  for (index_t n : {0, 1, 14, 40, 130}) {
    for (index_t m : {0, 1, 5, 33, 260}) {
      labelled_rows<float> const a(n, 19, 12, 0.8, 1), b(m, 19, 12, 0.8, 2);
      check_across(a.rows, a.labels, b.rows, b.labels);
    }
  }
}

TEST(all_pairs, many_targets_and_more_passes) {
  labelled_rows<float> const x(200, 12, 30, 0.8, 3);
  std::vector<double> fars;
  for (int k = 0; k <= 400; ++k) { fars.push_back(std::pow(10.0, -k / 80.0)); }
  int passes = 0;
  index_t rows = 0;
  auto const rates = cf::verify_all_pairs(policy(), x.rows.view(), view_of(x.labels), fars,
                                          cf::cosine{}, [&](int pass, index_t done, index_t all) {
                                            EXPECT_TRUE(pass == passes || pass == passes + 1);
                                            passes = pass;
                                            rows = done;
                                            EXPECT_EQ(all, 200);
                                          });
  EXPECT_GE(passes, 2);
  EXPECT_LE(passes, 5);
  EXPECT_EQ(rows, 200);
  expect_as_listed(rates, list_pairs(x.rows, x.labels, x.rows, x.labels, true), fars);
}

TEST(all_pairs, rows_with_everything) {
  std::vector<int> labels;
  for (int i = 0; i < 170; ++i) { labels.push_back(i % 23 == 5 ? -1 : i * i % 19); }
  for (unsigned seed : {1u, 2u}) {
    auto const x = rows_with_everything<float>(170, 6, seed);
    check_within(x, labels);
    check_within(x, labels, cf::inner_product{});
    check_within(x, labels, cf::negative_squared_distance{});
    check_within(x, labels, taxicab{});
    check_across(x, labels, rows_with_everything<cf::float16>(170, 6, 7), labels);
    check_across(rows_with_everything<double>(170, 6, 7), labels, x, labels);
  }
}

TEST(all_pairs, ties_everywhere) {
  for (index_t width : {1, 2, 4}) {
    matrix<float> x(150, width);
    std::vector<int> labels;
    std::mt19937 random(5);
    for (index_t i = 0; i < 150; ++i) {
      for (index_t j = 0; j < width; ++j) { x.set(i, j, double(random() % 3u) - 1); }
      labels.push_back(int(random() % 20u));
    }
    check_within(x, labels);
    check_within(x, labels, cf::inner_product{});
  }
}

TEST(all_pairs, scores_beyond_float_and_near_zero) {
  std::vector<double> values;
  std::vector<int> labels;
  for (int i = 0; i < 60; ++i) {
    values.push_back(std::pow(10.0, 5 * (i % 13) - 30) * (i % 3 == 0 ? -1 : 1));
    labels.push_back(i % 7);
  }
  matrix<double> const x(60, 1, values);
  check_within(x, labels, cf::inner_product{});  // +infinity and -infinity in float, denormals
  check_within(x, labels);
}

TEST(all_pairs, one_kind_of_pairs_only) {
  auto const x = random_matrix<float>(20, 5, 1);
  std::vector<int> const one(20, 4), none(20, -1);
  std::vector<int> all;
  for (int i = 0; i < 20; ++i) { all.push_back(i); }
  check_within(x, one);
  check_within(x, all);
  check_within(x, none);
  matrix<float> broken(20, 5, std::vector<double>(100, no_number));
  check_within(broken, all);
  std::vector<int> two(20, 0);
  std::fill(two.begin() + 10, two.end(), 1);
  check_within(broken, two);
}

TEST(all_pairs, same_bits_for_any_number_of_threads) {
  labelled_rows<float> const x(500, 24, 60, 0.7, 9);
  auto const pairs = list_pairs(x.rows, x.labels, x.rows, x.labels, true);
  for (int threads : {1, 2, 3, 7}) {
    with_threads(threads, [&] {
      expect_as_listed(cf::verify_all_pairs(policy(), x.rows.view(), view_of(x.labels), targets),
                       pairs);
    });
  }
}

#if !COUPLEFACE_HAS_KERNELS
TEST(all_pairs, scratch_is_bounded) {
  labelled_rows<float> const x(600, 16, 60, 0.7, 9);
  allocation_count count;
  counting_allocator memory(count);
  cf::verify_all_pairs(thrust::seq(memory), x.rows.view(), view_of(x.labels), targets);
  expect_scratch_within(count, (std::size_t(64) << 20) + 16 * 600);
}

#endif

TEST(all_pairs, errors) {
  matrix<float> const x(3, 2, {1, 2, 3, 4, 5, 6}), wide(3, 3, std::vector<double>(9, 1));
  std::vector<int> const labels{0, 0, 1}, shorter{0, 0}, others{0, 1, 1};
  expect_refused(
      [&] { cf::verify_all_pairs(policy(), x.view(), view_of(shorter), {0.1}); },
      "coupleface::verify_all_pairs: size of probe_labels is 2, but rows of probes is 3");
  expect_refused(
      [&] {
        cf::verify_all_pairs(policy(), x.view(), view_of(labels), wide.view(), view_of(labels),
                             {0.1});
      },
      "coupleface::verify_all_pairs: width of gallery is 3, but width of probes is 2");
  expect_refused(
      [&] {
        cf::verify_all_pairs(policy(), x.view(), view_of(labels), x.view(), view_of(others), {0.1});
      },
      "coupleface::verify_all_pairs: probes and gallery are the same rows, but label 1 is 0 and 1");
  for (double far : {-0.1, 1.1, no_number}) {
    expect_refused(
        [&] {
          cf::verify_all_pairs(policy(), x.view(), view_of(labels), {0.1, far});
        },
        "coupleface::verify_all_pairs: every target in fars must be in [0, 1]");
  }
}

}  // namespace
