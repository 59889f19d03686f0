// SPDX-License-Identifier: Apache-2.0
// Retrieval, by hand and against sorted scores of every pair.
#include <coupleface/evaluation/retrieval.hpp>

#include "support/brute_force.hpp"
#include "support/scratch_ceiling.hpp"
#include "support/judged_pairs.hpp"
#include "support/threads.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cf = coupleface;

namespace {

using namespace coupleface_test;
using cf::index_t;

void expect_same_rates(cf::retrieval_rates const& x, cf::retrieval_rates const& y) {
  EXPECT_EQ(x.queries, y.queries);
  expect_equal_bits(x.precision_at_1, y.precision_at_1, "P@1");
  expect_equal_bits(x.r_precision, y.r_precision, "R-precision");
  expect_equal_bits(x.mean_average_precision_at_r, y.mean_average_precision_at_r, "mAP@R");
}

template <class A, class B, class Relation = cf::cosine>
cf::retrieval_rates retrieved(matrix<A> const& queries, std::vector<int> const& labels,
                              matrix<B> const& references, std::vector<int> const& reference_labels,
                              bool within, Relation relation = {}) {
  auto const scores = all_relations<float>(queries, references, relation);
  cf::retrieval_rates rates;
  double sums[3] = {0, 0, 0};
  for (index_t i = 0; i < queries.rows(); ++i) {
    int const label = labels[std::size_t(i)];
    auto const order = ranking(scores, i, [&](index_t q, index_t c, double) {
      return label >= 0 && reference_labels[std::size_t(c)] >= 0 && (!within || q != c);
    });
    index_t relevant = 0, hits = 0;
    for (index_t const j : order) { relevant += reference_labels[std::size_t(j)] == label; }
    if (relevant == 0) { continue; }
    ++rates.queries;
    double average = 0;
    for (index_t k = 0; k < relevant; ++k) {
      index_t const j = order[std::size_t(k)];
      if (reference_labels[std::size_t(j)] != label || std::isnan(scores.at(i, j))) { continue; }
      average += double(++hits) / double(k + 1);
      sums[0] += k == 0;
    }
    sums[1] += double(hits) / double(relevant);
    sums[2] += average / double(relevant);
  }
  if (rates.queries > 0) {
    rates.precision_at_1 = sums[0] / double(rates.queries);
    rates.r_precision = sums[1] / double(rates.queries);
    rates.mean_average_precision_at_r = sums[2] / double(rates.queries);
  }
  return rates;
}

TEST(retrieval, hand_computed) {
  // On a line, by distance. Query at 0 of person 1; references at 1 (person 1), 2 (other), 3
  // (person 1), 4 (person 1): R = 3, hits at 1 and 3.
  matrix<float> const query(1, 1, std::vector<double>{0}), references(4, 1, {1, 2, 3, 4});
  std::vector<int> const label{1}, labels{1, 2, 1, 1};
  auto const rates = cf::retrieve(policy(), query.view(), view_of(label), references.view(),
                                  view_of(labels), cf::negative_squared_distance{});
  EXPECT_EQ(rates.queries, 1);
  EXPECT_EQ(rates.precision_at_1, 1);
  EXPECT_EQ(rates.r_precision, 2 / 3.0);
  EXPECT_NEAR(rates.mean_average_precision_at_r, (1 + 2 / 3.0) / 3, 1e-15);
}

TEST(retrieval, a_tie_goes_to_the_smaller_row) {
  matrix<float> const query(1, 1, std::vector<double>{0}), references(2, 1, {1, -1});
  std::vector<int> const label{1}, first{1, 2}, second{2, 1};
  auto const of = [&](std::vector<int> const& labels) {
    return cf::retrieve(policy(), query.view(), view_of(label), references.view(), view_of(labels),
                        cf::negative_squared_distance{})
        .precision_at_1;
  };
  EXPECT_EQ(of(first), 1);
  EXPECT_EQ(of(second), 0);
}

TEST(retrieval, equals_sorted_scores) {
  for (index_t n : {0, 1, 2, 40, 150}) {
    labelled_rows<float> const x(n, 7, 1 + int(n) / 6, 0.8, 3);
    expect_same_rates(
        cf::retrieve(policy(), x.rows.view(), view_of(x.labels), x.rows.view(), view_of(x.labels)),
        retrieved(x.rows, x.labels, x.rows, x.labels, true));
    for (index_t m : {0, 1, 90}) {
      labelled_rows<cf::float16> const y(m, 7, 30, 0.8, 4);
      expect_same_rates(cf::retrieve(policy(), x.rows.view(), view_of(x.labels), y.rows.view(),
                                     view_of(y.labels)),
                        retrieved(x.rows, x.labels, y.rows, y.labels, false));
    }
  }
}

TEST(retrieval, rows_with_everything) {
  std::vector<int> labels;
  for (int i = 0; i < 140; ++i) { labels.push_back(i % 19 == 3 ? -1 : i % 12); }
  auto const x = rows_with_everything<float>(140, 5, 1);
  auto const check = [&](auto relation) {
    expect_same_rates(
        cf::retrieve(policy(), x.view(), view_of(labels), x.view(), view_of(labels), relation),
        retrieved(x, labels, x, labels, true, relation));
  };
  check(cf::cosine{});
  check(cf::inner_product{});
  check(cf::negative_squared_distance{});
  check(taxicab{});
}

TEST(retrieval, one_label_and_nothing_to_find) {
  auto const x = random_matrix<float>(30, 4, 1);
  std::vector<int> const one(30, 2);
  std::vector<int> all;
  for (int i = 0; i < 30; ++i) { all.push_back(i); }
  auto const certain = cf::retrieve(policy(), x.view(), view_of(one), x.view(), view_of(one));
  EXPECT_EQ(certain.queries, 30);
  EXPECT_EQ(certain.precision_at_1, 1);
  EXPECT_EQ(certain.r_precision, 1);
  EXPECT_NEAR(certain.mean_average_precision_at_r, 1, 30 * 0x1p-52);
  auto const nothing = cf::retrieve(policy(), x.view(), view_of(all), x.view(), view_of(all));
  EXPECT_EQ(nothing.queries, 0);
  EXPECT_TRUE(std::isnan(nothing.mean_average_precision_at_r));
}

TEST(retrieval, same_bits_for_any_number_of_threads_and_bounded_scratch) {
  labelled_rows<float> const x(400, 16, 50, 0.8, 1);
  auto const run = [&](auto const& policy) {
    return cf::retrieve(policy, x.rows.view(), view_of(x.labels), x.rows.view(), view_of(x.labels));
  };
  auto const expected = run(policy());
  for (int threads : {1, 2, 3, 7}) {
    with_threads(threads, [&] { expect_same_rates(run(policy()), expected); });
  }
#if !COUPLEFACE_HAS_KERNELS
  allocation_count count;
  counting_allocator memory(count);
  run(thrust::seq(memory));
  // The table, 8 bytes for each of R slots here, may have 32 MiB.
  index_t largest = 0;
  for (int const label : x.labels) {
    largest = std::max(largest, index_t(std::count(x.labels.begin(), x.labels.end(), label)));
  }
  expect_scratch_within(count, scratch_of_nearest(x.rows, x.rows, largest) +
                                   std::size_t(8 * largest * 400) + 32 * 400 + 8 * 400);
#endif
}

TEST(retrieval, errors) {
  matrix<float> const x(2, 2, {1, 2, 3, 4}), wide(2, 3, std::vector<double>(6, 1));
  std::vector<int> const labels{0, 1}, shorter{0};
  expect_refused(
      [&] { cf::retrieve(policy(), x.view(), view_of(labels), wide.view(), view_of(labels)); },
      "coupleface::retrieve: width of references is 3, but width of queries is 2");
  expect_refused(
      [&] { cf::retrieve(policy(), x.view(), view_of(labels), x.view(), view_of(shorter)); },
      "coupleface::retrieve: size of reference_labels is 1, but rows of references is 2");
}

}  // namespace
