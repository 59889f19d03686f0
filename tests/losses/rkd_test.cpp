// SPDX-License-Identifier: Apache-2.0
// rkd_distance_loss: conformance, a case by hand, equal rows, penalties.
#include <coupleface/losses/rkd.hpp>

#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;

/// Distances of a side divided by the mean of those that are not 0.
struct distance_ratios {
  reference_rows ratios;
  long double mean = 0;

  explicit distance_ratios(reference_rows const& x)
      : ratios(relations_of(coupleface::euclidean_distance{}, x, x)) {
    index_t count = 0;
    for (long double const r : ratios.x) {
      mean += r;
      count += r == 0 ? 0 : 1;
    }
    mean = count == 0 ? 0 : mean / count;
    for (long double& r : ratios.x) { r = mean == 0 ? 0 : r / mean; }
  }
};

/// Errors of these ratios: of each, and of the mean by which they are divided, as a share.
struct ratio_errors {
  relation_errors<coupleface::euclidean_distance> distances;
  distance_ratios exact;
  double of_mean = 0;

  ratio_errors(reference_rows const& x, double epsilon) : distances({}, x, x, epsilon), exact(x) {
    double sum = 0, count = 0;
    for (index_t i = 0; i < x.rows; ++i) {
      for (index_t k = 0; k < x.rows; ++k) {
        sum += distances(i, k).value;
        count += distances.value(i, k) == 0 ? 0 : 1;
      }
    }
    of_mean = count == 0 ? 0 : sum / count / double(exact.mean);
  }

  double operator()(index_t i, index_t k) const {
    if (exact.mean == 0) { return 0; }
    // r (1 + a) / (mean (1 + b)): second orders are below one half of the first.
    return 1.5 *
           (distances(i, k).value / double(exact.mean) + double(exact.ratios.at(i, k)) * of_mean);
  }
};

template <class Penalty>
struct rkd_case : law_case {
  static constexpr char const* name = "rkd_distance_loss";
  static constexpr rescaling any_length = rescaling::sides;
  Penalty penalty = {};

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    coupleface::rkd_distance_loss(policy, student, teacher, outputs..., penalty);
  }

  long double value(reference_rows const& s, reference_rows const& t) const {
    distance_ratios const student(s), teacher(t);
    long double sum = 0;
    for (index_t i = 0; i < s.rows; ++i) {
      for (index_t k = 0; k < s.rows; ++k) {
        if (i != k) { sum += value_of(penalty, student.ratios.at(i, k) - teacher.ratios.at(i, k)); }
      }
    }
    return s.rows < 2 ? 0 : sum / (s.rows * (s.rows - 1));
  }

  /// dL / d r_ik = 2/M ( phi' / mean - F / mean ), F = the mean of phi' r / mean: at most the
  /// steepest slope. Its error has those of phi', of both means, and of F.
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    ratio_errors const student(s, epsilon), teacher(t, epsilon);
    index_t const n = s.rows;
    double const adding = 2 * double(n) + 16, mean = double(student.exact.mean);
    reference_rows slopes(n, n), changes(n, n);
    error_bounds result;
    double pairs = 0, terms = 0, change_of_mean = 0;
    for (index_t i = 0; i < n; ++i) {
      for (index_t k = 0; k < n; ++k) {
        if (i == k) { continue; }
        double const x = double(student.exact.ratios.at(i, k) - teacher.exact.ratios.at(i, k));
        double const e = student(i, k) + teacher(i, k);
        double const below = penalty(x - e).slope, above = penalty(x + e).slope;
        double const steepest = std::max(std::fabs(below), std::fabs(above));
        slopes.at(i, k) = steepest;
        changes.at(i, k) = above - below;
        change_of_mean += (above - below) * double(student.exact.ratios.at(i, k));
        result.value += e * steepest;
        terms += double(value_of(penalty, (long double)(x)));
        ++pairs;
      }
    }
    pairs = std::max(pairs, 1.0);
    result.value = (result.value + tolerance<double>(2 * adding, terms)) / pairs;
    double const largest =
        slopes.x.empty() ? 0 : double(*std::max_element(slopes.x.begin(), slopes.x.end()));
    double const of_means = change_of_mean / pairs + 6 * student.of_mean * largest;
    for (index_t i = 0; i < n; ++i) {
      double sum = 0;
      for (index_t k = 0; k < n; ++k) {
        relation_error const r = student.distances(i, k);
        if (i == k || r.pull == 0) { continue; }
        double const slope = double(slopes.at(i, k)) + largest;
        sum += slope * r.pull_error + (double(changes.at(i, k)) + of_means) * (1 + r.pull_error) +
               adding * epsilon * slope * r.summands;
      }
      result.gradient.push_back(mean == 0 ? 0 : 2 * sum / (pairs * mean));
    }
    return result;
  }
};

using cases = testing::Types<rkd_case<coupleface::smooth_l1>, rkd_case<coupleface::squared>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rkd, law_conformance, cases);

TEST(rkd_distance_loss, hand_computed) {
  // Student: distances 3, 4 and 5, their mean is 4. Teacher: 1, 1 and 2, mean 4/3.
  matrix<double> const s(3, 2, {0, 0, 3, 0, 0, 4}), t(3, 1, {1, 0, 2});
  matrix<double> loss(1, 1), gradient(3, 2);
  coupleface::rkd_distance_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
  // Gaps 3/4 - 3/4, 1 - 3/4 and 5/4 - 3/2; smooth L1 halves their squares.
  EXPECT_NEAR(loss.at(0, 0), (0.0 + 0.0625 / 2 + 0.0625 / 2) / 3, 1e-16);
  // dL/dr = 1/3 (gap / 4 - (sum of gap r) / (3 * 16)), with a sum of 0 + 1 - 5/4.
  double const of_mean = 0.25 / 48, r03 = of_mean / 3, r04 = (0.25 / 4 + of_mean) / 3;
  double const r34 = (-0.25 / 4 + of_mean) / 3;
  EXPECT_NEAR(gradient.at(0, 0), -r03, 1e-16);
  EXPECT_NEAR(gradient.at(0, 1), -r04, 1e-16);
  EXPECT_NEAR(gradient.at(1, 0), r03 + 0.6 * r34, 1e-16);
  EXPECT_NEAR(gradient.at(1, 1), -0.8 * r34, 1e-16);
  EXPECT_NEAR(gradient.at(2, 0), -0.6 * r34, 1e-16);
  EXPECT_NEAR(gradient.at(2, 1), r04 + 0.8 * r34, 1e-16);
}

TEST(rkd_distance_loss, equal_rows_are_not_in_the_mean_and_pull_nowhere) {
  // Rows 0 and 1 are equal: four of six distances are 2, and 2 is their mean.
  for (double const scale : {1.0, 1e-6, 1e6}) {
    matrix<float> const s(3, 1, {scale, scale, 3 * scale}), t(3, 1, {0, 4, 4});
    matrix<double> loss(1, 1);
    matrix<float> gradient(3, 1);
    coupleface::rkd_distance_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
    // Student 0, 1, 1; teacher 1, 1, 0.
    EXPECT_NEAR(loss.at(0, 0), 1.0 / 3, 1e-7) << scale;
    // Slopes 0 and 1 (at 1, 1) of distances whose mean they are: 1/3 (0 - 1/2) / 2 and the
    // opposite.
    EXPECT_NEAR(gradient.at(0, 0) * scale, 1.0 / 12, 1e-7) << scale;
    EXPECT_NEAR(gradient.at(1, 0) * scale, -1.0 / 12, 1e-7) << scale;
    EXPECT_NEAR(gradient.at(2, 0) * scale, 0, 1e-7) << scale;
  }
}

TEST(rkd_distance_loss, close_rows_far_from_0_keep_their_digits) {
  // Rows 1000 + x: squares of floats would leave no digit of distances of 1e-2.
  auto const near = random_matrix<float>(20, 8, 1), t = random_matrix<float>(20, 8, 2);
  matrix<float> s(20, 8);
  for (index_t i = 0; i < 20; ++i) {
    for (index_t j = 0; j < 8; ++j) { s.set(i, j, 1000 + 0.01 * near.at(i, j)); }
  }
  rkd_case<coupleface::smooth_l1> const of;
  auto const found = run_loss(of, s, t);
  auto const exact = run_loss(of, in_doubles(s), in_doubles(t));
  auto const bounds = of.bounds(rows_of(s), rows_of(t), 0x1p-23);
  EXPECT_NEAR(found.value(), double(of.value(rows_of(s), rows_of(t))), bounds.value);
  for (index_t i = 0; i < 20; ++i) {
    for (index_t j = 0; j < 8; ++j) {
      EXPECT_NEAR(
          found.gradient.at(i, j), exact.gradient.at(i, j),
          bounds.gradient[std::size_t(i)] + storing_tolerance<float>(exact.gradient.at(i, j)));
    }
  }
}

TEST(rkd_distance_loss, settings_out_of_range_are_refused) {
  auto const s = random_matrix<float>(3, 4, 3);
  auto const refusal = [&](auto penalty) {
    rkd_case<decltype(penalty)> const of{{}, penalty};
    return refusal_of([&] { value_of_loss(of, s, s); });
  };
  std::string const expected =
      "coupleface::rkd_distance_loss: a setting of the penalty is out of range";
  for (double const beta : {0.0, -1.0, std::nan("")}) {
    EXPECT_EQ(refusal(coupleface::smooth_l1{beta}), expected) << beta;
  }
  EXPECT_EQ(refusal(coupleface::hinge{-0.1}), expected);
}

}  // namespace
