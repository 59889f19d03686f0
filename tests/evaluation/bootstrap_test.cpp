// SPDX-License-Identifier: Apache-2.0
// Resampled identities, against lists in which each pair stands as often as it was drawn.
#include <coupleface/evaluation/bootstrap.hpp>

#include "support/brute_force.hpp"
#include "support/scratch_ceiling.hpp"
#include "support/judged_pairs.hpp"
#include "support/threads.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace cf = coupleface;

namespace {

using namespace coupleface_test;
using cf::index_t;

std::vector<double> const fars{0.1, 0, 1e-3, 0.5, 1};

struct problem {
  std::vector<double> scores;
  std::vector<int> same, a, b, folds;
};

// Few distinct scores, so that ties are the rule.
problem random_problem(int pairs, int people, int folds, unsigned seed) {
  std::mt19937 random(seed);
  problem p;
  for (int i = 0; i < pairs; ++i) {
    p.a.push_back(1000 * int(random() % unsigned(people)) - 3000);
    p.b.push_back(i % 3 == 0 ? p.a.back() : 1000 * int(random() % unsigned(people)) - 3000);
    p.same.push_back(p.a.back() == p.b.back());
    double const score = double(random() % 20u) + 4 * p.same.back();
    p.scores.push_back(i % 17 == 5 ? no_number : score / 8);
    p.folds.push_back(i < folds ? -i : -int(random() % unsigned(folds)));
  }
  return p;
}

template <class Policy>
cf::resampled_rates resample(Policy const& policy, problem const& p, index_t resamples,
                             std::uint64_t seed) {
  return cf::resample_identities(policy, view_of(p.scores), view_of(p.same), view_of(p.a),
                                 view_of(p.b), view_of(p.folds), fars, resamples, seed);
}

void expect_same(cf::resampled_rates const& x, cf::resampled_rates const& y) {
  ASSERT_EQ(x.accuracies.size(), y.accuracies.size());
  for (std::size_t r = 0; r < x.accuracies.size(); ++r) {
    expect_equal_bits(x.accuracies[r], y.accuracies[r], "accuracy");
  }
  ASSERT_EQ(x.tars.size(), y.tars.size());
  for (std::size_t k = 0; k < x.tars.size(); ++k) {
    for (std::size_t r = 0; r < x.tars[k].size(); ++r) {
      expect_equal_bits(x.tars[k][r], y.tars[k][r], "tar");
    }
  }
}

TEST(bootstrap, the_first_numbers_are_of_the_pairs_as_they_are) {
  for (int pairs : {2, 30, 200}) {
    auto const p = random_problem(pairs, 12, 2, unsigned(pairs));
    auto const rates = resample(policy(), p, 0, 1);
    auto const folds =
        cf::k_fold_accuracy(policy(), view_of(p.scores), view_of(p.same), view_of(p.folds));
    auto const curve = cf::roc(policy(), view_of(p.scores), view_of(p.same));
    ASSERT_EQ(rates.accuracies.size(), 1u);
    EXPECT_NEAR(rates.accuracies[0], folds.mean, 0x1p-52);
    for (std::size_t k = 0; k < fars.size(); ++k) {
      expect_equal_bits(rates.tars[k][0], cf::tar_at_far(curve, fars[k]).tar, "tar");
    }
  }
}

/// The list in which pair i stands as often as it was drawn, judged by the library.
void check_resample(problem const& p, cf::fold_accuracies const& folds, index_t r,
                    std::uint64_t seed, cf::resampled_rates const& rates) {
  std::map<int, int> position;  // as people first appear
  for (std::size_t i = 0; i < p.a.size(); ++i) {
    position.emplace(p.a[i], int(position.size()));
    position.emplace(p.b[i], int(position.size()));
  }
  std::vector<std::uint32_t> counts(position.size());
  cf::detail::draw_people(seed, r, counts.data(), index_t(counts.size()));
  std::uint32_t drawn = 0;
  for (auto const count : counts) { drawn += count; }
  EXPECT_EQ(drawn, counts.size());
  problem repeated;
  std::map<int, double> all, right;
  for (std::size_t i = 0; i < p.a.size(); ++i) {
    std::uint32_t const a = counts[std::size_t(position[p.a[i]])];
    std::uint32_t const times = p.same[i] ? a : a * counts[std::size_t(position[p.b[i]])];
    repeated.scores.insert(repeated.scores.end(), times, p.scores[i]);
    repeated.same.insert(repeated.same.end(), times, p.same[i]);
    auto const f = std::size_t(
        std::lower_bound(folds.folds.begin(), folds.folds.end(), p.folds[i]) - folds.folds.begin());
    all[p.folds[i]] += times;
    right[p.folds[i]] += times * ((p.scores[i] >= folds.thresholds[f]) == (p.same[i] == 1));
  }
  auto const curve = cf::roc(policy(), view_of(repeated.scores), view_of(repeated.same));
  for (std::size_t k = 0; k < fars.size(); ++k) {
    expect_equal_bits(rates.tars[k][std::size_t(r)], cf::tar_at_far(curve, fars[k]).tar, "tar");
  }
  double sum = 0, met = 0;
  for (auto const& [fold, weight] : all) {
    if (weight > 0) { sum += right[fold] / weight, ++met; }
  }
  expect_equal_bits(rates.accuracies[std::size_t(r)], sum / met, "accuracy");
}

TEST(bootstrap, counts_a_pair_as_often_as_its_people_meet) {
  for (int people : {2, 5, 40}) {
    auto const p = random_problem(150, people, 4, unsigned(people));
    auto const folds =
        cf::k_fold_accuracy(policy(), view_of(p.scores), view_of(p.same), view_of(p.folds));
    auto const rates = resample(policy(), p, 100, 7);
    for (index_t r = 1; r <= 100; ++r) { check_resample(p, folds, r, 7, rates); }
  }
}

/// Counts of 12 people in `resamples` draws of 12, person by person.
std::vector<std::vector<double>> drawn_counts(index_t resamples) {
  std::vector<std::vector<double>> result(12);
  std::vector<std::uint32_t> counts(12);
  for (index_t r = 1; r <= resamples; ++r) {
    cf::detail::draw_people(3, r, counts.data(), 12);
    for (std::size_t a = 0; a < 12; ++a) { result[a].push_back(counts[a]); }
  }
  return result;
}

double mean_product(std::vector<double> const& x, std::vector<double> const& y, std::size_t lag) {
  double sum = 0;
  for (std::size_t r = 0; r + lag < x.size(); ++r) { sum += x[r] * y[r + lag]; }
  return sum / double(x.size() - lag);
}

// Counts are multinomial: n_a has the mean 1 and n_a^2 the mean 1 + 11/12, n_a n_b of two people
// 11/12, n_a of two resamples 1. A draw that does not change, or is the same for two people or two
// resamples, has other means. Deviations of n_a, n_a^2 and products are below 1, 3.4 and 1.7.
TEST(bootstrap, draws_are_those_of_independent_people) {
  index_t const resamples = 4000;
  auto const counts = drawn_counts(resamples);
  std::vector<double> const ones(std::size_t(resamples), 1.0);
  double const deviations = 5 / std::sqrt(double(resamples));
  for (std::size_t a = 0; a < 12; ++a) {
    EXPECT_NEAR(mean_product(counts[a], ones, 0), 1, deviations) << a;
    EXPECT_NEAR(mean_product(counts[a], counts[a], 0), 23.0 / 12, deviations * 3.4) << a;
    for (std::size_t b = 0; b < 12; ++b) {
      if (b != a) {
        EXPECT_NEAR(mean_product(counts[a], counts[b], 0), 11.0 / 12, deviations * 1.7);
      }
      EXPECT_NEAR(mean_product(counts[a], counts[b], 1), 1, deviations * 1.7) << a << ", " << b;
    }
  }
}

TEST(bootstrap, seeds_differ_and_repeat_for_any_number_of_threads) {
  auto const p = random_problem(300, 30, 3, 1);
  auto const expected = resample(policy(), p, 200, 5);
  for (int threads : {1, 2, 3, 7}) {
    with_threads(threads, [&] { expect_same(resample(policy(), p, 200, 5), expected); });
  }
  EXPECT_NE(resample(policy(), p, 200, 6).tars[0], expected.tars[0]);
}

TEST(bootstrap, without_folds_or_pairs) {
  auto p = random_problem(40, 6, 2, 1);
  auto const with_folds = resample(policy(), p, 20, 1);
  p.folds.clear();
  auto const without = resample(policy(), p, 20, 1);
  EXPECT_TRUE(without.accuracies.empty());
  for (std::size_t r = 0; r <= 20; ++r) {
    expect_equal_bits(without.tars[0][r], with_folds.tars[0][r], "tar");
  }
  auto const nothing = resample(policy(), {}, 3, 1);
  ASSERT_EQ(nothing.tars[0].size(), 4u);
  EXPECT_TRUE(std::isnan(nothing.tars[0][2]));
}

#if COUPLEFACE_HAS_KERNELS
TEST(bootstrap, has_the_host_s_bits) {
  for (int const people : {1, 5, 300}) {
    for (int const pairs : {1, 127, 128, 900}) {
      auto const p =
          random_problem(pairs, people, std::max(1, std::min(pairs, 4)), unsigned(pairs));
      auto const folds = pairs > 3 ? p.folds : std::vector<int>{};
      auto const expected = cf::resample_identities(
          thrust::seq, host_view_of(p.scores), host_view_of(p.same), host_view_of(p.a),
          host_view_of(p.b), host_view_of(folds), fars, 30, 9);
      expect_same(cf::resample_identities(policy(), view_of(p.scores), view_of(p.same),
                                          view_of(p.a), view_of(p.b), view_of(folds), fars, 30, 9),
                  expected);
    }
  }
}
#endif

#if !COUPLEFACE_HAS_KERNELS
TEST(bootstrap, scratch) {
  auto const p = random_problem(90, 12, 3, 1);
  allocation_count count;
  counting_allocator memory(count);
  resample(thrust::seq(memory), p, 9, 1);
  // 90 pairs of 12 people in 3 folds, 10 lanes.
  expect_scratch_within(count, 24 * 90 + std::max(16 * 90 + 16 * 3, 10 * (4 * 12 + 16 * 3)));
}

#endif

TEST(bootstrap, errors) {
  auto const message = [](char const* field, auto change) {
    auto p = random_problem(4, 3, 2, 1);
    change(p);
    expect_refused([&] { resample(policy(), p, 1, 1); },
                   std::string("coupleface::resample_identities: ") + field);
  };
  message("size of same is 3, but size of scores is 4", [](problem& p) { p.same.pop_back(); });
  message("size of a_identities is 3, but size of scores is 4", [](problem& p) { p.a.pop_back(); });
  message("size of b_identities is 3, but size of scores is 4", [](problem& p) { p.b.pop_back(); });
  message("size of folds is 3, but size of scores is 4", [](problem& p) { p.folds.pop_back(); });
  message("same(1) is 2, neither 0 nor 1", [](problem& p) { p.same[1] = 2; });
  message("same(0) is 1, but the identities are 5 and 6", [](problem& p) {
    p.same[0] = 1;
    p.a[0] = 5;
    p.b[0] = 6;
  });
  auto const p = random_problem(4, 3, 2, 1);
  expect_refused([&] { resample(policy(), p, -1, 1); },
                 "coupleface::resample_identities: resamples must not be negative");
  expect_refused(
      [&] {
        cf::resample_identities(policy(), view_of(p.scores), view_of(p.same), view_of(p.a),
                                view_of(p.b), view_of(p.folds), {2}, 1, 1);
      },
      "coupleface::resample_identities: every target in fars must be in [0, 1]");
}

TEST(interval_of, hand_computed) {
  // Resamples 0, 1, ..., 100: 95 % lie between 2.5 and 97.5.
  std::vector<double> values{42};
  for (int k = 100; k >= 0; --k) {
    values.push_back(k);
    if (k % 10 == 0) { values.push_back(no_number); }
  }
  auto const interval = cf::interval_of(values);
  EXPECT_EQ(interval.estimate, 42);
  EXPECT_NEAR(interval.low, 2.5, 1e-12);
  EXPECT_NEAR(interval.high, 97.5, 1e-12);
  auto const half = cf::interval_of(values, 0.5);
  EXPECT_EQ(half.low, 25);
  EXPECT_EQ(half.high, 75);
}

TEST(interval_of, edge_cases_and_errors) {
  auto const alone = cf::interval_of({3});
  EXPECT_EQ(alone.estimate, 3);
  EXPECT_TRUE(std::isnan(alone.low));
  auto const missing = cf::interval_of({3, no_number});
  EXPECT_TRUE(std::isnan(missing.high));
  auto const one = cf::interval_of({3, 4});
  EXPECT_EQ(one.low, 4);
  EXPECT_EQ(one.high, 4);
  expect_refused([] { cf::interval_of({}); }, "coupleface::interval_of: values are empty");
  for (double confidence : {0.0, 1.0, no_number}) {
    expect_refused(
        [&] {
          cf::interval_of({1, 2}, confidence);
        },
        "coupleface::interval_of: confidence must be in (0, 1)");
  }
}

}  // namespace
