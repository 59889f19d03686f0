// SPDX-License-Identifier: Apache-2.0
// Identification in a gallery, by hand and against sorted scores of every pair.
#include <coupleface/evaluation/identification.hpp>

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

void expect_same(std::vector<double> const& x, std::vector<double> const& y, char const* what) {
  ASSERT_EQ(x.size(), y.size()) << what;
  for (std::size_t i = 0; i < x.size(); ++i) { expect_equal_bits(x[i], y[i], what); }
}

void expect_same_rates(cf::identification_rates const& x, cf::identification_rates const& y) {
  EXPECT_EQ(x.mated, y.mated);
  EXPECT_EQ(x.unmated, y.unmated);
  expect_same(x.rank_rates, y.rank_rates, "rank rates");
  expect_same(x.open_set.thresholds, y.open_set.thresholds, "thresholds");
  expect_same(x.open_set.far, y.open_set.far, "far");
  expect_same(x.open_set.tar, y.open_set.tar, "tar");
}

/// By definition: every score, sorted; the open set as counts for every score as threshold.
template <class A, class B, class Relation>
cf::identification_rates identified(matrix<A> const& probes, std::vector<int> const& labels,
                                    matrix<B> const& gallery,
                                    std::vector<int> const& gallery_labels, bool within,
                                    index_t ranks, Relation relation) {
  auto const scores = all_relations<float>(probes, gallery, relation);
  cf::identification_rates rates;
  rates.rank_rates.assign(std::size_t(ranks), 0);
  std::vector<double> tops;
  std::vector<int> outcome;  // 0 unmated, 1 its mate comes first, 2 mated but somebody else does
  for (index_t i = 0; i < probes.rows(); ++i) {
    int const label = labels[std::size_t(i)];
    auto const order =
        ranking(scores, i, [&](index_t q, index_t c, double) { return !within || q != c; });
    auto const is_mate = [&](index_t j) {
      return label >= 0 && gallery_labels[std::size_t(j)] == label;
    };
    bool const mated = std::any_of(order.begin(), order.end(), is_mate);
    ++(mated ? rates.mated : rates.unmated);
    tops.push_back(order.empty() ? no_number : scores.at(i, order[0]));
    outcome.push_back(!mated ? 0 : (is_mate(order[0]) ? 1 : 2));
    for (std::size_t k = 0; k < order.size() && mated; ++k) {
      if (!is_mate(order[k]) || std::isnan(scores.at(i, order[k]))) { continue; }
      for (index_t rank = index_t(k); rank < ranks; ++rank) {
        ++rates.rank_rates[std::size_t(rank)];
      }
      break;
    }
  }
  for (double& rate : rates.rank_rates) { rate /= double(rates.mated); }
  std::vector<double> thresholds{infinity};
  for (std::size_t i = 0; i < tops.size(); ++i) {
    if (outcome[i] < 2 && !std::isnan(tops[i])) { thresholds.push_back(tops[i] + 0.0); }
  }
  std::sort(thresholds.rbegin(), thresholds.rend());
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  for (double const threshold : thresholds) {
    double accepted[3] = {0, 0, 0};
    for (std::size_t i = 0; i < tops.size(); ++i) { accepted[outcome[i]] += tops[i] >= threshold; }
    rates.open_set.thresholds.push_back(threshold);
    rates.open_set.far.push_back(accepted[0] / double(rates.unmated));
    rates.open_set.tar.push_back(accepted[1] / double(rates.mated));
  }
  return rates;
}

template <class A, class B, class Relation = cf::cosine>
void check(matrix<A> const& probes, std::vector<int> const& labels, matrix<B> const& gallery,
           std::vector<int> const& gallery_labels, index_t ranks, Relation relation = {}) {
  expect_same_rates(cf::identify(policy(), probes.view(), view_of(labels), gallery.view(),
                                 view_of(gallery_labels), ranks, relation),
                    identified(probes, labels, gallery, gallery_labels, false, ranks, relation));
}

TEST(identification, hand_computed) {
  // Gallery: person 0 at 0 degrees, a distractor at 30, person 1 at 90.
  matrix<float> const gallery(3, 2, {1, 0, 0.8660254, 0.5, 0, 1});
  std::vector<int> const gallery_labels{0, -1, 1};
  // Probes: person 0 at 5 (rank 1) and at 40 degrees (distractor first, rank 2), person 1 at 80
  // (rank 1), and two whom nobody enrolled, at 10 and at -80 degrees.
  std::vector<double> angles{5, 40, 80, 10, -80}, rows;
  for (double const angle : angles) {
    rows.push_back(std::cos(angle * std::acos(-1.0) / 180));
    rows.push_back(std::sin(angle * std::acos(-1.0) / 180));
  }
  matrix<float> const probes(5, 2, rows);
  std::vector<int> const labels{0, 0, 1, 7, -1};
  auto const rates = cf::identify(policy(), probes.view(), view_of(labels), gallery.view(),
                                  view_of(gallery_labels), 4);
  EXPECT_EQ(rates.mated, 3);
  EXPECT_EQ(rates.unmated, 2);
  expect_same(rates.rank_rates, {2 / 3.0, 1, 1, 1}, "rank rates");
  // Best scores: cos 5 right, cos 10 right and cos 10 a stranger, cos 80 the other stranger.
  EXPECT_EQ(cf::tar_at_far(rates.open_set, 0.1).tar, 1 / 3.0);
  EXPECT_EQ(cf::tar_at_far(rates.open_set, 0.5).tar, 2 / 3.0);
  EXPECT_EQ(cf::tar_at_far(rates.open_set, 1).tar, 2 / 3.0);
}

TEST(identification, a_tie_goes_to_the_smaller_gallery_row) {
  matrix<float> const gallery(3, 2, {1, 0, 1, 0, 2, 0}), probe(1, 2, {3, 0});
  for (int place : {0, 1, 2}) {
    std::vector<int> labels{-1, -1, -1}, label{5};
    labels[std::size_t(place)] = 5;
    auto const rates =
        cf::identify(policy(), probe.view(), view_of(label), gallery.view(), view_of(labels), 3);
    for (int k = 0; k < 3; ++k) { EXPECT_EQ(rates.rank_rates[std::size_t(k)], k >= place); }
  }
}

TEST(identification, equals_sorted_scores) {
  for (index_t n : {1, 17, 60}) {
    for (index_t m : {1, 30, 140}) {
      labelled_rows<float> const probes(n, 9, 40, 0.8, 1), gallery(m, 9, 40, 0.8, 2);
      for (index_t ranks : {1, 5, 200}) {
        check(probes.rows, probes.labels, gallery.rows, gallery.labels, ranks);
      }
    }
  }
}

TEST(identification, rows_with_everything) {
  auto const probes = rows_with_everything<float>(120, 5, 1);
  std::vector<int> labels, gallery_labels;
  for (int i = 0; i < 120; ++i) { labels.push_back(i % 13 == 2 ? -1 : i % 31); }
  for (int i = 0; i < 90; ++i) { gallery_labels.push_back(i % 4 == 0 ? -1 : i % 29); }
  auto const gallery = rows_with_everything<cf::float16>(90, 5, 2);
  check(probes, labels, gallery, gallery_labels, 7);
  check(probes, labels, gallery, gallery_labels, 90, cf::negative_squared_distance{});
  check(probes, labels, gallery, gallery_labels, 3, taxicab{});
}

TEST(identification, leaves_one_out_in_one_set) {
  labelled_rows<float> const x(150, 8, 30, 0.8, 5);
  expect_same_rates(
      cf::identify(policy(), x.rows.view(), view_of(x.labels), x.rows.view(), view_of(x.labels), 6),
      identified(x.rows, x.labels, x.rows, x.labels, true, 6, cf::cosine{}));
}

TEST(identification, without_mates_strangers_or_gallery) {
  auto const probes = random_matrix<float>(6, 3, 1), gallery = random_matrix<float>(4, 3, 2);
  std::vector<int> const zeros(6, 0), ones(4, 1), same(4, 0), none;
  auto const strangers =
      cf::identify(policy(), probes.view(), view_of(zeros), gallery.view(), view_of(ones), 2);
  EXPECT_EQ(strangers.mated, 0);
  EXPECT_TRUE(std::isnan(strangers.rank_rates[0]));
  EXPECT_EQ(strangers.open_set.far.back(), 1);
  EXPECT_TRUE(std::isnan(strangers.open_set.tar.back()));
  auto const mates =
      cf::identify(policy(), probes.view(), view_of(zeros), gallery.view(), view_of(same), 2);
  EXPECT_EQ(mates.rank_rates[0], 1);
  EXPECT_TRUE(std::isnan(cf::tar_at_far(mates.open_set, 0.1).tar));
  matrix<float> const empty(0, 3);
  auto const nobody =
      cf::identify(policy(), probes.view(), view_of(zeros), empty.view(), view_of(none), 2);
  EXPECT_EQ(nobody.unmated, 6);
  EXPECT_EQ(nobody.open_set.far, (std::vector<double>{0}));
  auto const no_probes =
      cf::identify(policy(), empty.view(), view_of(none), gallery.view(), view_of(ones), 2);
  EXPECT_EQ(no_probes.mated + no_probes.unmated, 0);
  EXPECT_TRUE(std::isnan(no_probes.rank_rates[1]));
}

TEST(identification, same_bits_for_any_number_of_threads_and_bounded_scratch) {
  labelled_rows<float> const probes(300, 16, 90, 0.8, 1), gallery(400, 16, 90, 0.8, 2);
  auto const run = [&](auto const& policy) {
    return cf::identify(policy, probes.rows.view(), view_of(probes.labels), gallery.rows.view(),
                        view_of(gallery.labels), 10);
  };
  auto const expected = run(policy());
  for (int threads : {1, 2, 3, 7}) {
    with_threads(threads, [&] { expect_same_rates(run(policy()), expected); });
  }
#if !COUPLEFACE_HAS_KERNELS
  allocation_count count;
  counting_allocator memory(count);
  run(thrust::seq(memory));
  // The table, 8 bytes a slot here, may have 32 MiB.
  expect_scratch_within(
      count, scratch_of_nearest(probes.rows, gallery.rows, 10) + 8 * 10 * 300 + 33 * 300 + 8 * 400);
#endif
}

TEST(identification, errors) {
  matrix<float> const x(2, 2, {1, 2, 3, 4}), wide(2, 3, std::vector<double>(6, 1));
  std::vector<int> const labels{0, 1}, shorter{0}, others{1, 1};
  expect_refused(
      [&] { cf::identify(policy(), x.view(), view_of(labels), wide.view(), view_of(labels), 1); },
      "coupleface::identify: width of gallery is 3, but width of probes is 2");
  expect_refused(
      [&] { cf::identify(policy(), x.view(), view_of(shorter), x.view(), view_of(labels), 1); },
      "coupleface::identify: size of probe_labels is 1, but rows of probes is 2");
  expect_refused(
      [&] { cf::identify(policy(), x.view(), view_of(labels), x.view(), view_of(labels), 0); },
      "coupleface::identify: ranks must be at least 1");
  expect_refused(
      [&] { cf::identify(policy(), x.view(), view_of(labels), x.view(), view_of(others), 1); },
      "coupleface::identify: probes and gallery are the same rows, but label 0 is 0 and 1");
}

}  // namespace
