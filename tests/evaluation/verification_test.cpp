// SPDX-License-Identifier: Apache-2.0
// Verification: pair scores, operating points, equal error rate, k-fold accuracy, against hand
// computation, plain double loops and, where it is present, real data.
#include <coupleface/evaluation/verification.hpp>

#include <coupleface/io/npy.hpp>

#include "support/brute_force.hpp"
#include "support/matrix.hpp"

#include <thrust/execution_policy.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace cf = coupleface;

namespace {

using namespace coupleface_test;
using cf::index_t;

double const nan = std::nan("");
double const infinity = std::numeric_limits<double>::infinity();

using flags = std::vector<std::uint8_t>;

cf::roc_curve roc(std::vector<double> const& scores, flags const& same) {
  return cf::roc(policy(), view_of(scores), view_of(same));
}

// The same to the last bit, NaN included.
void expect_same_values(std::vector<double> const& x, std::vector<double> const& y) {
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) && std::isnan(y[i])) { continue; }
    EXPECT_EQ(x[i], y[i]) << "at " << i;
    EXPECT_EQ(std::signbit(x[i]), std::signbit(y[i])) << "at " << i;
  }
}

void expect_same_curve(cf::roc_curve const& x, cf::roc_curve const& y) {
  expect_same_values(x.thresholds, y.thresholds);
  expect_same_values(x.far, y.far);
  expect_same_values(x.tar, y.tar);
}

void expect_same_result(cf::fold_accuracies const& x, cf::fold_accuracies const& y) {
  EXPECT_EQ(x.folds, y.folds);
  expect_same_values(x.accuracies, y.accuracies);
  expect_same_values(x.thresholds, y.thresholds);
  expect_same_values({x.mean, x.standard_deviation}, {y.mean, y.standard_deviation});
}

template <class Exception = std::invalid_argument, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (Exception const& error) { return error.what(); }
  return "(nothing was thrown)";
}

struct scored_pairs {
  std::vector<double> scores;
  flags same;
  std::vector<int> folds;
};

// Few distinct scores, so that ties are the rule.
scored_pairs random_scored_pairs(int pairs, int levels, int folds, double nan_share,
                                 unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  scored_pairs p;
  for (int i = 0; i < pairs; ++i) {
    p.same.push_back(uniform(random) < 0.4);
    double const score = std::floor(levels * (uniform(random) * 0.7 + 0.3 * p.same.back()));
    p.scores.push_back(uniform(random) < nan_share ? nan : (score - levels / 2) / 8);
    p.folds.push_back(i < folds ? -7 * i : -7 * int(random() % unsigned(folds)));
  }
  return p;
}

int count_right(scored_pairs const& p, double threshold, int fold, bool inside) {
  int right = 0;
  for (std::size_t i = 0; i < p.scores.size(); ++i) {
    if ((p.folds[i] == fold) == inside) { right += (p.scores[i] >= threshold) == (p.same[i] == 1); }
  }
  return right;
}

TEST(pair_scores, hand_computed) {
  matrix<float> const a(3, 2, {3, 4, 0, 0, 1, 0});
  matrix<double> const b(2, 2, {0, 2, -6, -8});
  std::vector<int> const a_ids{0, 0, 1, 2, 2};
  std::vector<std::int64_t> const b_ids{0, 1, 0, 0, 1};
  matrix<float> scores(1, 5);
  cf::pair_scores(policy(), a.view(), b.view(), view_of(a_ids), view_of(b_ids), scores.vector());
  EXPECT_EQ(scores.elements(), (std::vector<float>{0.8f, -1, 0, 0, -0.6f}));
  cf::pair_scores(policy(), a.view(), b.view(), view_of(a_ids), view_of(b_ids), scores.vector(),
                  cf::negative_squared_distance{});
  EXPECT_EQ(scores.elements(), (std::vector<float>{-13, -225, -4, -5, -113}));
}

template <class A, class B, class S, class Relation>
void check_pair_scores(index_t d, index_t pairs, Relation relation) {
  index_t const n = 7, m = 17;
  auto const a = random_matrix<A>(n, d, unsigned(d + 1), 2);
  auto const b = random_matrix<B>(m, d, unsigned(d + 2));
  std::mt19937 random(1);
  std::vector<int> ia, ib;
  for (index_t i = 0; i < pairs; ++i) {
    ia.push_back(int(random() % unsigned(n)));
    ib.push_back(int(random() % unsigned(m)));
  }
  matrix<S> scores(1, pairs), all(n, m);
  cf::pair_scores(policy(), a.view(), b.view(), view_of(ia), view_of(ib), scores.vector(),
                  relation);
  cf::relation_matrix(policy(), a.view(), b.view(), all.view(), relation);
  for (index_t i = 0; i < pairs; ++i) {
    auto const at = std::size_t(i);
    ASSERT_EQ(double(scores.get(0, i)), double(all.get(ia[at], ib[at])));
    if (!std::is_same_v<Relation, cf::cosine>) { continue; }
    double xy = 0, xx = 0, yy = 0;
    for (index_t j = 0; j < d; ++j) {
      double const x = double(float(a.get(ia[at], j))), y = double(float(b.get(ib[at], j)));
      xy += x * y, xx += x * x, yy += y * y;
    }
    double const expected = d == 0 ? 0 : xy / std::sqrt(xx * yy);
    // Double sums of d terms, then one rounding to S; |cosine| <= 1.
    double const rounding = sizeof(S) == 2 ? 0x1p-8 : 0x1p-24;
    ASSERT_NEAR(double(scores.get(0, i)), expected, rounding + 4 * double(d + 4) * 0x1p-52);
  }
}

template <class A, class B, class S>
void sweep_pair_scores() {
  for (index_t d : {0, 1, 3, 16, 37, 128}) {
    for (index_t pairs : {0, 1, 9, 200}) {  // both ways to norms: 24 rows
      check_pair_scores<A, B, S>(d, pairs, cf::cosine{});
      check_pair_scores<A, B, S>(d, pairs, cf::negative_squared_distance{});
      check_pair_scores<A, B, S>(d, pairs, taxicab{});
    }
  }
}

TEST(pair_scores, agrees_with_a_plain_loop_and_with_relation_matrix) {
  sweep_pair_scores<float, float, float>();
  sweep_pair_scores<cf::float16, float, double>();
  sweep_pair_scores<cf::bfloat16, cf::float16, cf::bfloat16>();
}

TEST(pair_scores, rows_that_are_not_finite) {
  matrix<float> const a(5, 2, {1, 1, nan, 0, 0, infinity, 1e-40, 0, 3e38, 3e38});
  std::vector<int> const first{0, 1, 2, 3, 4, 4}, second{1, 1, 0, 0, 4, 0};
  matrix<double> scores(1, 6);
  cf::pair_scores(policy(), a.view(), a.view(), view_of(first), view_of(second), scores.vector());
  // Not as a list {nan, nan, nan, 0}: g++ 12.2 -O3 with AVX-512 makes four NaN of it.
  for (int i = 0; i < 3; ++i) { EXPECT_TRUE(std::isnan(scores.at(0, i))) << i; }
  EXPECT_EQ(scores.at(0, 3), 0);
  EXPECT_NEAR(scores.at(0, 4), 1, 1e-15);
  EXPECT_NEAR(scores.at(0, 5), 1, 1e-15);
}

TEST(pair_scores, errors_leave_the_output_alone) {
  matrix<float> const a(2, 2, {1, 2, 3, 4}), b(1, 3, {1, 2, 3});
  std::vector<int> const good{0, 1}, high{0, 2}, low{-1, 0}, longer{0, 1, 0};
  matrix<float> scores(1, 2);
  auto const call = [&](auto const& other, auto const& first, auto const& second) {
    return message_of([&] {
      cf::pair_scores(policy(), a.view(), other.view(), view_of(first), view_of(second),
                      scores.vector());
    });
  };
  EXPECT_EQ(call(b, good, good), "coupleface::pair_scores: width of b is 3, but width of a is 2");
  EXPECT_EQ(call(a, longer, good),
            "coupleface::pair_scores: size of a_ids is 3, but size of scores is 2");
  EXPECT_EQ(call(a, good, longer),
            "coupleface::pair_scores: size of b_ids is 3, but size of scores is 2");
  if constexpr (ids_are_checked) {
    EXPECT_EQ(call(a, high, good), "coupleface::pair_scores: a_ids(1) is 2, but a has 2 rows");
    EXPECT_EQ(call(a, good, low), "coupleface::pair_scores: b_ids(0) is -1, but b has 2 rows");
  }
  EXPECT_TRUE(scores.untouched());
  if constexpr (!ids_are_checked) {  // pairs of rows that do not exist have no score
    call(a, high, low);
    EXPECT_TRUE(std::isnan(scores.at(0, 0)));
    EXPECT_TRUE(std::isnan(scores.at(0, 1)));
  }
}

TEST(roc, hand_computed) {
  // 0.9 same, 0.8 different, 0.7 same and different (one tie), 0.2 same.
  auto const curve = roc({0.7, 0.9, 0.2, 0.8, 0.7}, {1, 1, 1, 0, 0});
  expect_same_values(curve.thresholds, {infinity, 0.9, 0.8, 0.7, 0.2});
  expect_same_values(curve.far, {0, 0, 0.5, 1, 1});
  expect_same_values(curve.tar, {0, 1 / 3., 1 / 3., 2 / 3., 1});
}

TEST(roc, agrees_with_a_plain_loop) {
  for (int pairs : {1, 2, 5, 40, 300}) {
    for (double nan_share : {0.0, 0.3}) {
      auto const p = random_scored_pairs(pairs, 20, 2, nan_share, unsigned(pairs));
      auto const curve = roc(p.scores, p.same);
      double positives = 0, negatives = 0;
      for (auto same : p.same) { (same ? positives : negatives) += 1; }
      for (std::size_t k = 0; k < curve.thresholds.size(); ++k) {
        double accepted[2] = {0, 0};
        for (int i = 0; i < pairs; ++i) {
          accepted[p.same[i]] += p.scores[i] >= curve.thresholds[k];
        }
        expect_same_values({curve.far[k]}, {negatives > 0 ? accepted[0] / negatives : nan});
        expect_same_values({curve.tar[k]}, {positives > 0 ? accepted[1] / positives : nan});
        if (k > 0) { EXPECT_LT(curve.thresholds[k], curve.thresholds[k - 1]); }
      }
      std::vector<double> distinct;
      for (double s : p.scores) {
        if (!std::isnan(s)) { distinct.push_back(s); }
      }
      std::sort(distinct.begin(), distinct.end());
      distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
      EXPECT_EQ(curve.thresholds.size(), distinct.size() + 1);
      expect_same_curve(curve, cf::roc(thrust::seq, host_view_of(p.scores), host_view_of(p.same)));
      expect_same_curve(curve, roc(p.scores, p.same));
    }
  }
}

TEST(roc, does_not_depend_on_the_order_of_the_pairs) {
  auto p = random_scored_pairs(200, 10, 2, 0.1, 3);
  p.scores[0] = 0.0, p.scores[1] = -0.0;  // equal: one point, threshold +0
  auto const curve = roc(p.scores, p.same);
  std::reverse(p.scores.begin(), p.scores.end());
  std::reverse(p.same.begin(), p.same.end());
  expect_same_curve(curve, roc(p.scores, p.same));
}

TEST(roc, element_types) {
  std::vector<float> const exact{0.5f, 0.25f, 0.75f, 0.25f};
  std::vector<cf::float16> halves;
  std::vector<cf::bfloat16> brains;
  for (float s : exact) { halves.emplace_back(s), brains.emplace_back(s); }
  flags const same{1, 0, 1, 0};
  std::vector<int> const ints{1, 0, 1, 0};
  device_array<std::uint8_t> const bools(same);  // std::vector<bool> has no elements to show
  auto const curve = roc({0.5, 0.25, 0.75, 0.25}, same);
  expect_same_curve(curve, cf::roc(policy(), view_of(exact), view_of(ints)));
  expect_same_curve(curve, cf::roc(policy(), view_of(halves), view_of(same)));
  expect_same_curve(curve,
                    cf::roc(policy(), view_of(brains),
                            cf::make_vector_view(reinterpret_cast<bool const*>(bools.data()), 4)));
}

TEST(roc, edge_cases) {
  auto const empty = roc({}, {});
  expect_same_values(empty.thresholds, {infinity});
  expect_same_values(empty.far, {nan});
  expect_same_values(empty.tar, {nan});

  auto const positives = roc({0.3, 0.6}, {1, 1});
  expect_same_values(positives.far, {nan, nan, nan});
  expect_same_values(positives.tar, {0, 0.5, 1});

  auto const negatives = roc({0.3, 0.6}, {0, 0});
  expect_same_values(negatives.far, {0, 0.5, 1});
  expect_same_values(negatives.tar, {nan, nan, nan});

  auto const rejected = roc({nan, nan, nan}, {0, 1, 1});
  expect_same_values(rejected.thresholds, {infinity});
  expect_same_values(rejected.far, {0});
  expect_same_values(rejected.tar, {0});

  auto const tie = roc({0.5, 0.5, 0.5}, {0, 1, 1});
  expect_same_values(tie.thresholds, {infinity, 0.5});
  expect_same_values(tie.far, {0, 1});
  expect_same_values(tie.tar, {0, 1});

  for (double first : {0.0, -0.0}) {  // equal scores: one point, at +0
    expect_same_values(roc({first, -first, 1}, {1, 0, 1}).thresholds, {infinity, 1, 0});
  }

  auto const infinite = roc({infinity, -infinity, 1}, {1, 0, 0});
  expect_same_values(infinite.thresholds, {nan, infinity, 1, -infinity});
  expect_same_values(infinite.far, {0, 0, 0.5, 1});
  expect_same_values(infinite.tar, {0, 1, 1, 1});
}

TEST(roc, errors) {
  std::vector<double> const scores{1, 2, 3};
  flags const short_same{1, 0};
  std::vector<int> const wrong{0, 1, 2};
  EXPECT_EQ(message_of([&] { cf::roc(policy(), view_of(scores), view_of(short_same)); }),
            "coupleface::roc: size of same is 2, but size of scores is 3");
  EXPECT_EQ(message_of([&] { cf::roc(policy(), view_of(scores), view_of(wrong)); }),
            "coupleface::roc: same(2) is 2, neither 0 nor 1");
}

TEST(tar_at_far, hand_computed) {
  // Different pairs at 0.8, 0.6, 0.4, 0.2; same pairs at 0.9, 0.7, 0.7, 0.3, 0.1.
  auto const curve =
      roc({0.8, 0.6, 0.4, 0.2, 0.9, 0.7, 0.7, 0.3, 0.1}, {0, 0, 0, 0, 1, 1, 1, 1, 1});
  auto const expect_point = [&](double target, double threshold, double far, double tar) {
    auto const point = cf::tar_at_far(curve, target);
    expect_same_values({point.threshold, point.far, point.tar}, {threshold, far, tar});
  };
  expect_point(0, 0.9, 0, 0.2);
  expect_point(0.24, 0.9, 0, 0.2);     // 1 / 4 exceeds the target
  expect_point(0.25, 0.7, 0.25, 0.6);  // of the points with FAR 1 / 4 the one with the larger TAR
  expect_point(0.7499, 0.6, 0.5, 0.6);
  expect_point(0.75, 0.3, 0.75, 0.8);
  expect_point(1, 0.1, 1, 1);
}

TEST(tar_at_far, a_target_that_is_a_ratio_of_counts_is_met_exactly) {
  for (int negatives : {10, 30, 100, 700, 1300}) {
    std::vector<double> scores;
    flags same(std::size_t(negatives), 0);
    for (int i = 0; i < negatives; ++i) { scores.push_back(-i); }
    auto const curve = roc(scores, same);
    EXPECT_EQ(cf::tar_at_far(curve, 0.1).far, 0.1);
    EXPECT_EQ(cf::tar_at_far(curve, 0.1).threshold, 1 - negatives / 10);
    if (negatives >= 100) { EXPECT_EQ(cf::tar_at_far(curve, 1e-2).far, 1e-2); }
  }
}

TEST(tar_at_far, edge_cases_and_errors) {
  auto const point = cf::tar_at_far(roc({0.3, 0.6}, {1, 1}), 0.1);  // no different pair
  expect_same_values({point.threshold, point.far, point.tar}, {nan, nan, nan});
  auto const no_same = cf::tar_at_far(roc({0.3, 0.6}, {0, 0}), 0.5);
  expect_same_values({no_same.threshold, no_same.far, no_same.tar}, {0.6, 0.5, nan});
  auto const nothing = cf::tar_at_far(roc({}, {}), 0.1);
  EXPECT_TRUE(std::isnan(nothing.tar));
  auto const hard = cf::tar_at_far(roc({0.9, 0.1}, {0, 1}), 0.1);  // nothing can be accepted
  expect_same_values({hard.threshold, hard.far, hard.tar}, {infinity, 0, 0});

  auto const curve = roc({0.9, 0.1}, {0, 1});
  for (double target : {-0.1, 1.1, nan}) {
    EXPECT_EQ(message_of([&] { cf::tar_at_far(curve, target); }),
              "coupleface::tar_at_far: far must be in [0, 1]");
  }
  EXPECT_NE(message_of([&] { cf::tar_at_far({}, 0.1); }).find("curve has no points"),
            std::string::npos);
  EXPECT_NE(message_of([&] { cf::equal_error_rate({}); }).find("coupleface::equal_error_rate:"),
            std::string::npos);
}

TEST(equal_error_rate, hand_computed) {
  EXPECT_EQ(cf::equal_error_rate(roc({2, 1}, {1, 0})), 0);  // separable
  EXPECT_EQ(cf::equal_error_rate(roc({2, 1}, {0, 1})), 1);  // the wrong way round
  EXPECT_EQ(cf::equal_error_rate(roc({1, 1}, {0, 1})), 0.5);
  // Points (FAR, FRR): (0, 1), (0, 1/2), (1/2, 1/2): equal there.
  EXPECT_EQ(cf::equal_error_rate(roc({4, 3, 2, 1}, {1, 0, 1, 0})), 0.5);
  // (0, 1/3), (1, 1/3): between them FAR = FRR = 1/3.
  EXPECT_NEAR(cf::equal_error_rate(roc({4, 3, 2, 1}, {1, 1, 0, 1})), 1 / 3., 1e-15);
  // Tie: from (0, 1) straight to (1/2, 0): x = 1 - 2 x.
  EXPECT_NEAR(cf::equal_error_rate(roc({2, 2, 1}, {1, 0, 0})), 1 / 3., 1e-15);
}

TEST(equal_error_rate, is_between_the_errors_of_its_neighbours) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    auto const p = random_scored_pairs(60, 30, 2, 0, seed);
    auto const curve = roc(p.scores, p.same);
    double const rate = cf::equal_error_rate(curve);
    double low = 0, high = 1;  // of the larger error at every point, and of the smaller one
    for (std::size_t k = 0; k < curve.far.size(); ++k) {
      high = std::min(high, std::max(curve.far[k], 1 - curve.tar[k]));
      low = std::max(low, std::min(curve.far[k], 1 - curve.tar[k]));
    }
    EXPECT_LE(rate, high + 1e-15);
    EXPECT_GE(rate, low - 1e-15);
    // Swapping roles and the direction of the scores swaps the two errors.
    std::vector<double> negated;
    flags other;
    for (std::size_t i = 0; i < p.scores.size(); ++i) {
      negated.push_back(-p.scores[i]);
      other.push_back(!p.same[i]);
    }
    EXPECT_NEAR(cf::equal_error_rate(roc(negated, other)), rate, 1e-14);
  }
}

TEST(equal_error_rate, edge_cases) {
  EXPECT_TRUE(std::isnan(cf::equal_error_rate(roc({}, {}))));
  EXPECT_TRUE(std::isnan(cf::equal_error_rate(roc({1, 2}, {1, 1}))));
  EXPECT_TRUE(std::isnan(cf::equal_error_rate(roc({1, 2}, {0, 0}))));
  EXPECT_TRUE(std::isnan(cf::equal_error_rate(roc({nan, nan}, {0, 1}))));  // FRR stays 1
  EXPECT_EQ(cf::equal_error_rate(roc({nan, 1}, {0, 1})), 0);
}

TEST(k_fold_accuracy, hand_computed) {
  // Fold 5: 0.9 same, 0.1 different. Fold -2: 0.6 same, 0.7 different, 0.8 same.
  std::vector<double> const scores{0.9, 0.6, 0.1, 0.7, 0.8};
  flags const same{1, 1, 0, 0, 1};
  std::vector<int> const folds{5, -2, 5, -2, -2};
  auto const result = cf::k_fold_accuracy(policy(), view_of(scores), view_of(same), view_of(folds));
  EXPECT_EQ(result.folds, (std::vector<std::int64_t>{-2, 5}));
  // Fold -2 is judged at 0.9 (all right in fold 5): only its different pair is right. Fold 5 is
  // judged at 0.8 (2 of 3 right, as at 0.6): both right.
  expect_same_values(result.thresholds, {0.9, 0.8});
  expect_same_values(result.accuracies, {1 / 3., 1});
  EXPECT_NEAR(result.mean, 2 / 3., 1e-15);
  EXPECT_NEAR(result.standard_deviation, std::sqrt(2.) / 3, 1e-15);
}

TEST(k_fold_accuracy, agrees_with_a_plain_loop) {
  for (int pairs : {2, 3, 10, 60, 150}) {
    for (int fold_count : {2, 3, 10, 60}) {
      for (double nan_share : {0.0, 0.2}) {
        if (fold_count > pairs) { continue; }
        auto p =
            random_scored_pairs(pairs, 12, fold_count, nan_share, unsigned(pairs + fold_count));
        if (pairs == 60) { p.scores[7] = p.scores[30] = infinity, p.scores[8] = -infinity; }
        auto const result =
            cf::k_fold_accuracy(policy(), view_of(p.scores), view_of(p.same), view_of(p.folds));
        ASSERT_EQ(result.folds.size(), std::size_t(fold_count));
        double sum = 0, squares = 0;
        for (int f = 0; f < fold_count; ++f) {
          int const fold = int(result.folds[f]);
          double best = infinity;
          for (double t : p.scores) {
            int const right = count_right(p, t, fold, false);
            int const most = count_right(p, best, fold, false);
            if (right > most || (right == most && t > best)) { best = t; }
          }
          ASSERT_EQ(result.thresholds[f], best);
          double const size = double(std::count(p.folds.begin(), p.folds.end(), fold));
          ASSERT_EQ(result.accuracies[f], count_right(p, best, fold, true) / size);
          sum += result.accuracies[f];
          squares += result.accuracies[f] * result.accuracies[f];
        }
        double const variance = (squares - sum * sum / fold_count) / (fold_count - 1);
        EXPECT_NEAR(result.mean, sum / fold_count, 1e-14);
        EXPECT_NEAR(result.standard_deviation * result.standard_deviation, variance, 1e-13);
        expect_same_result(
            result, cf::k_fold_accuracy(thrust::seq, host_view_of(p.scores), host_view_of(p.same),
                                        host_view_of(p.folds)));
        expect_same_result(result, cf::k_fold_accuracy(policy(), view_of(p.scores), view_of(p.same),
                                                       view_of(p.folds)));
      }
    }
  }
}

TEST(k_fold_accuracy, invariances) {
  auto p = random_scored_pairs(120, 40, 10, 0.05, 9);
  auto const run = [&] {
    return cf::k_fold_accuracy(policy(), view_of(p.scores), view_of(p.same), view_of(p.folds));
  };
  auto const result = run();
  std::reverse(p.scores.begin(), p.scores.end());
  std::reverse(p.same.begin(), p.same.end());
  std::reverse(p.folds.begin(), p.folds.end());
  expect_same_result(result, run());
  for (auto& s : p.scores) { s = std::exp(3 * s) - 5; }
  expect_same_values(result.accuracies, run().accuracies);
}

TEST(k_fold_accuracy, edge_cases) {
  std::vector<int> const folds{0, 0, 1, 1};
  auto const run = [&](std::vector<double> const& scores, flags const& same) {
    return cf::k_fold_accuracy(policy(), view_of(scores), view_of(same), view_of(folds));
  };
  auto const negatives = run({1, 2, 3, 4}, {0, 0, 0, 0});  // accept nothing
  expect_same_values(negatives.thresholds, {infinity, infinity});
  expect_same_values(negatives.accuracies, {1, 1});
  EXPECT_EQ(negatives.standard_deviation, 0);
  auto const positives = run({1, 2, 3, 4}, {1, 1, 1, 1});  // accept all that was seen
  expect_same_values(positives.thresholds, {3, 1});
  expect_same_values(positives.accuracies, {0, 1});
  auto const numbers_missing = run({nan, nan, nan, nan}, {1, 0, 0, 0});  // reject: half, all right
  expect_same_values(numbers_missing.thresholds, {infinity, infinity});
  expect_same_values(numbers_missing.accuracies, {0.5, 1});
  auto const infinite = run({infinity, 0, infinity, 0}, {0, 0, 1, 0});
  expect_same_values(infinite.thresholds, {infinity, infinity});  // +infinity cannot be refused
  expect_same_values(infinite.accuracies, {0.5, 1});
}

TEST(k_fold_accuracy, errors) {
  std::vector<double> const scores{1, 2, 3};
  flags const same{1, 0, 1};
  std::vector<int> const flags_of_ints{1, 0, -1}, folds{0, 1, 0}, one{4, 4, 4}, shorter{0, 1}, none;
  std::vector<double> const no_scores;
  EXPECT_EQ(message_of([&] {
              cf::k_fold_accuracy(policy(), view_of(scores), view_of(same), view_of(shorter));
            }),
            "coupleface::k_fold_accuracy: size of folds is 2, but size of scores is 3");
  EXPECT_EQ(message_of([&] {
              cf::k_fold_accuracy(policy(), view_of(scores), view_of(none), view_of(folds));
            }),
            "coupleface::k_fold_accuracy: size of same is 0, but size of scores is 3");
  EXPECT_EQ(message_of([&] {
              cf::k_fold_accuracy(policy(), view_of(scores), view_of(flags_of_ints),
                                  view_of(folds));
            }),
            "coupleface::k_fold_accuracy: same(2) is -1, neither 0 nor 1");
  std::string const few = "coupleface::k_fold_accuracy: folds names fewer than two folds";
  EXPECT_EQ(message_of([&] {
              cf::k_fold_accuracy(policy(), view_of(scores), view_of(same), view_of(one));
            }),
            few);
  EXPECT_EQ(message_of([&] {
              cf::k_fold_accuracy(policy(), view_of(no_scores), view_of(none), view_of(none));
            }),
            few);
}

#if !COUPLEFACE_HAS_KERNELS
// Counts the bytes that a policy hands out and has not got back.
struct counting_allocator {
  using value_type = char;
  cf::index_t held = 0, most = 0;

  char* allocate(std::ptrdiff_t size) {
    held += size;
    most = std::max<cf::index_t>(most, held);
    return new char[static_cast<std::size_t>(size)];
  }
  void deallocate(char* memory, std::ptrdiff_t size) {
    held -= size;
    delete[] memory;
  }
};

TEST(verification, scratch_is_what_the_comments_say) {
  auto const p = random_scored_pairs(90, 12, 5, 0.1, 1);
  auto const scores = view_of(p.scores);
  auto const same = view_of(p.same);
  auto const most_of = [](auto call) {
    counting_allocator memory;
    call(thrust::device(memory));
    EXPECT_EQ(memory.held, 0);
    return memory.most;
  };
  EXPECT_EQ(most_of([&](auto const& policy) { cf::roc(policy, scores, same); }), 16 * 90);
  EXPECT_EQ(most_of([&](auto const& policy) {
              cf::k_fold_accuracy(policy, scores, same, view_of(p.folds));
            }),
            16 * 90 + 16 * 5);
  matrix<float> const a(12, 3, std::vector<double>(36, 1));
  for (cf::index_t pairs : {12, 13}) {  // 24 rows on both sides
    std::vector<int> const ids(std::size_t(pairs), 1);
    matrix<float> out(1, pairs);
    EXPECT_EQ(most_of([&](auto const& policy) {
                cf::pair_scores(policy, a.view(), a.view(), view_of(ids), view_of(ids),
                                out.vector());
              }),
              pairs == 12 ? 0 : 8 * 24);
  }
}

#endif

TEST(verification, real_teacher_on_real_pairs) {
  char const* const folder = std::getenv("COUPLEFACE_DATA");
  if (!folder) { GTEST_SKIP() << "COUPLEFACE_DATA names no folder with lfw/ in it."; }
  std::string const lfw = std::string(folder) + "/lfw/";
  std::ifstream list(lfw + "list.csv"), pairs(lfw + "dev_pairs.csv");
  if (!list || !pairs) { GTEST_SKIP() << lfw << " has no list.csv and dev_pairs.csv."; }
  std::map<std::string, int> row_of;
  std::string line;
  std::getline(list, line);
  for (int row = 0; std::getline(list, line); ++row) {
    row_of[line.substr(0, line.find(','))] = row;
  }
  std::vector<int> folds, first, second, same;
  std::getline(pairs, line);
  while (std::getline(pairs, line)) {
    auto const c1 = line.find(','), c2 = line.find(',', c1 + 1), c3 = line.find(',', c2 + 1);
    folds.push_back(std::stoi(line));
    first.push_back(row_of.at(line.substr(c1 + 1, c2 - c1 - 1)));
    second.push_back(row_of.at(line.substr(c2 + 1, c3 - c2 - 1)));
    same.push_back(std::stoi(line.substr(c3 + 1)));
  }
  auto const file = cf::mapped_npy<float>(lfw + "teacher_dlib_128.npy");
  auto const rows = file.matrix();
  matrix<float> const teacher(
      rows.extent(0), rows.extent(1), rows.extent(1),
      std::vector<float>(rows.data_handle(), rows.data_handle() + rows.extent(0) * rows.extent(1)));
  matrix<float> scores(1, index_t(first.size()));
  cf::pair_scores(policy(), teacher.view(), teacher.view(), view_of(first), view_of(second),
                  scores.vector());
  auto const accuracy =
      cf::k_fold_accuracy(policy(), scores.vector(), view_of(same), view_of(folds));
  auto const curve = cf::roc(policy(), scores.vector(), view_of(same));
  auto const point = cf::tar_at_far(curve, 1e-2);
  // Published beside the data to one decimal: 98.0 % +- 1.2, TAR 97.6 % at FAR 1e-2.
  EXPECT_EQ(accuracy.folds.size(), 10u);
  EXPECT_NEAR(accuracy.mean, 0.980, 0.0025);
  EXPECT_NEAR(accuracy.standard_deviation, 0.012, 0.0025);
  EXPECT_NEAR(point.tar, 0.976, 0.0015);
  EXPECT_LE(point.far, 1e-2);
  EXPECT_LT(cf::equal_error_rate(curve), 0.03);
  RecordProperty("mean_accuracy", std::to_string(accuracy.mean));
  RecordProperty("standard_deviation", std::to_string(accuracy.standard_deviation));
  RecordProperty("tar_at_far_1e-2", std::to_string(point.tar));
}

}  // namespace
