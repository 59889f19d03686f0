// SPDX-License-Identifier: Apache-2.0
// pairwise_ranking_loss: beside plain loops, derivatives, a case by hand, samples, edge data.
#include <coupleface/losses/pairwise_ranking.hpp>

#include "../support/gradient_check.hpp"
#include "../support/kernel_sets.hpp"
#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

#include <map>

namespace coupleface_test {
// Its reference is for losses without ties, its scratch test for those that need less than n^2.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(law_conformance);
}  // namespace coupleface_test

namespace {

using namespace coupleface_test;
using coupleface::exponential_ranking;
using coupleface::logistic_ranking;
using coupleface::power_ranking;

long double plain_value(exponential_ranking of, long double s, long double t) {
  return s >= t ? 0 : std::expm1((long double)(of.beta) * (t - s));
}
long double plain_value(power_ranking of, long double s, long double t) {
  return s >= t ? 0 : std::pow(t - s, (long double)(of.power));
}
long double plain_value(logistic_ranking of, long double s, long double) {
  return std::log(1 + std::exp(-(long double)(of.beta) * s));
}

/// Distances of unit rows, one for each pair of rows.
std::vector<long double> distances_of(reference_rows const& x) {
  auto const unit = unit_rows(x);
  auto const all = relations_of(coupleface::euclidean_distance{}, unit, unit);
  std::vector<long double> result;
  for (index_t a = 0; a < x.rows; ++a) {
    for (index_t b = 0; b < a; ++b) { result.push_back(all.at(a, b)); }
  }
  return result;
}

/// All pairs of pairs.
template <class Ranking>
struct ranking_case : law_case {
  static constexpr char const* name = "pairwise_ranking_loss";
  static constexpr index_t needed_rows = 3;
  static constexpr bool accumulates_in_double = true;
  Ranking ranking = {};

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    coupleface::pairwise_ranking_loss(policy, student, teacher, outputs..., ranking,
                                      coupleface::ranking_sample{1000000, 3});
  }

  long double value(reference_rows const& s, reference_rows const& t) const {
    auto const of_s = distances_of(s), of_t = distances_of(t);
    long double sum = 0, count = 0;
    for (std::size_t a = 0; a < of_s.size(); ++a) {
      for (std::size_t b = 0; b < of_s.size(); ++b) {
        if (of_t[a] > of_t[b]) {
          sum += plain_value(ranking, of_s[a] - of_s[b], of_t[a] - of_t[b]);
          ++count;
        }
      }
    }
    return count == 0 ? 0 : sum / count;
  }

  /// Distances of unit rows are at most 2, sums of `width` terms; a value changes by its slope
  /// times four of them.
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    double const of_distance = (double(s.width + t.width) + 16) * epsilon;
    double const steepest = std::fabs(ranking(-2, 2).slope);
    double const terms = double(s.rows) * double(s.rows) * epsilon;
    error_bounds result;
    result.value = (4 * of_distance + terms) * steepest;
    result.gradient.assign(std::size_t(s.rows), 0.0);
    return result;
  }
};

template <class Case>
class pairwise_ranking : public testing::Test {};
using cases = testing::Types<ranking_case<exponential_ranking>, ranking_case<power_ranking>,
                             ranking_case<logistic_ranking>>;
TYPED_TEST_SUITE(pairwise_ranking, cases);

TYPED_TEST(pairwise_ranking, values_beside_the_reference) {
  TypeParam const of;
  for (loss_shape const shape : {loss_shape{0, 5, 3},
                                 {1, 1, 2},
                                 {2, 2, 2},
                                 {3, 2, 3},
                                 {3, 16, 17},
                                 {4, 7, 9},
                                 {5, 15, 16},
                                 {7, 64, 65},
                                 {16, 8, 9},
                                 {17, 33, 7},
                                 {23, 31, 33},
                                 {33, 17, 24}}) {
    expect_elements<double, double>(of, shape);
    expect_elements<float, float>(of, shape);
    expect_elements<coupleface::bfloat16, coupleface::float16>(of, shape);
  }
}

TYPED_TEST(pairwise_ranking, gradient_beside_central_differences_of_the_reference) {
  TypeParam const of;
  for (loss_shape const shape : {loss_shape{3, 3, 2}, {4, 15, 16}, {7, 5, 33}}) {
    SCOPED_TRACE(shape.n);
    derivatives(of, shape).expect_all_elements();
  }
  derivatives(of, {19, 9, 8}).expect_some_rows();
}

TYPED_TEST(pairwise_ranking, same_bits_and_errors) {
  TypeParam const of;
  expect_same_bits<float, float>(of, {37, 33, 17});
  expect_same_bits<double, double>(of, {20, 15, 32});
  expect_float_loss(of);
  expect_errors(of);
}

TYPED_TEST(pairwise_ranking, broken_rows_break_the_loss) {
  expect_broken_rows_to_break_it<float>(TypeParam{});
  expect_broken_rows_to_break_it<double>(TypeParam{});
}

TYPED_TEST(pairwise_ranking, invariances) { expect_invariances(TypeParam{}); }

TEST(pairwise_ranking_loss, hand_computed) {
  // Unit rows on a line: student 1, 1, -1, teacher 1, -1, -1. Pairs (1, 0), (2, 0), (2, 1).
  matrix<double> const s(3, 1, {1, 3, -2}), t(3, 1, {5, -1, -4});
  matrix<double> loss(1, 1);
  auto const value = [&](auto ranking) {
    coupleface::pairwise_ranking_loss(policy(), s.view(), t.view(), loss.scalar(), ranking);
    return loss.at(0, 0);
  };
  // Student distances 0, 2, 2, teacher 2, 2, 0: two comparisons count, (1, 0) or (2, 0) beside
  // (2, 1), with student gaps -2 and 0 where the teacher's are 2.
  EXPECT_NEAR(value(power_ranking{1}), (4 + 2) / 2.0, 1e-15);
  EXPECT_NEAR(value(power_ranking{2}), (16 + 4) / 2.0, 1e-14);
  EXPECT_NEAR(value(exponential_ranking{0.5}), (std::expm1(2.0) + std::expm1(1.0)) / 2, 1e-14);
  EXPECT_NEAR(value(logistic_ranking{1}), (std::log1p(std::exp(2.0)) + std::log(2.0)) / 2, 1e-14);
}

TEST(pairwise_ranking_loss, nothing_is_paid_for_the_teachers_own_distances) {
  auto const x = random_matrix<float>(20, 9, 1);
  auto const found = run_loss(ranking_case<exponential_ranking>{}, x, x);
  EXPECT_EQ(found.value(), 0);
  expect_zero(found.gradient);
}

TEST(pairwise_ranking_loss, gradient_of_a_sample_agrees_with_central_differences) {
  auto const s = random_matrix<double>(12, 6, 2), t = random_matrix<double>(12, 5, 3);
  for (std::uint64_t seed = 1; seed < 3; ++seed) {
    coupleface::ranking_sample const sample{3, seed};
    matrix<double> loss(1, 1), gradient(12, 6);
    coupleface::pairwise_ranking_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view(),
                                      logistic_ranking{}, sample);
    expect_gradient(s, gradient, [&](matrix<double> const& x) {
      matrix<double> value(1, 1);
      coupleface::pairwise_ranking_loss(policy(), x.view(), t.view(), value.scalar(),
                                        logistic_ranking{}, sample);
      return value.at(0, 0);
    });
  }
}

TEST(pairwise_ranking_loss, samples_depend_on_the_seed_and_their_mean_is_that_of_all) {
  auto const s = random_matrix<float>(30, 8, 4), t = random_matrix<float>(30, 8, 5);
  matrix<double> loss(1, 1);
  auto const value = [&](index_t comparisons, std::uint64_t seed) {
    coupleface::pairwise_ranking_loss(policy(), s.view(), t.view(), loss.scalar(), power_ranking{},
                                      coupleface::ranking_sample{comparisons, seed});
    return loss.at(0, 0);
  };
  double const all = value(1000, 0);
  EXPECT_EQ(all, value(435 / 2, 0));
  std::map<double, int> found;
  double sum = 0, squares = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    double const x = value(1, seed);
    ++found[x];
    sum += x;
    squares += x * x;
  }
  EXPECT_EQ(found.size(), 200u);
  // Five standard deviations of the mean of 200.
  double const mean = sum / 200, deviation = std::sqrt((squares / 200 - mean * mean) / 200);
  EXPECT_NEAR(mean, all, 5 * deviation);
}

/// 1 for each comparison, and how often it was called.
struct counted {
  long* calls;
  coupleface::penalty_value operator()(double, double t) const {
    EXPECT_GT(t, 0);
    ++*calls;
    return {1.0, 0.0};
  }
};

TEST(pairwise_ranking_loss, each_pair_is_compared_as_often) {
  // 10 and 15 pairs of rows, an even and an odd number.
  for (index_t const n : {4, 5, 6}) {
    auto const s = on_host(random_matrix<float>(n, 3, 6)),
               t = on_host(random_matrix<float>(n, 7, 7));
    index_t const pairs = n * (n - 1) / 2;
    for (index_t const comparisons : {1, 2, 100}) {
      long calls = 0;
      double loss = 0;
      coupleface::pairwise_ranking_loss(thrust::seq, s.view(), t.view(),
                                        coupleface::make_scalar_view(&loss), counted{&calls},
                                        coupleface::ranking_sample{comparisons, 9});
      EXPECT_EQ(loss, 1);
      // From both sides; all pairs of pairs if there are no more.
      EXPECT_EQ(calls, std::min(2 * comparisons, pairs - 1) * pairs) << n << ", " << comparisons;
    }
  }
}

TEST(pairwise_ranking_loss, zero_rows_equal_rows_and_equal_distances) {
  auto const x = random_matrix<float>(20, 9, 8), t = random_matrix<float>(20, 9, 9);
  auto const zeros = with_zero_rows(x, {0, 3}), equal = with_repeated_rows(x, 10);
  ranking_case<exponential_ranking> const of;
  for (auto const& y : {zeros, equal}) {
    auto const of_student = run_loss(of, y, t), of_teacher = run_loss(of, t, y);
    EXPECT_TRUE(std::isfinite(of_student.value()) && is_finite(of_student.gradient));
    EXPECT_TRUE(std::isfinite(of_teacher.value()) && is_finite(of_teacher.gradient));
  }
  for (index_t j = 0; j < 9; ++j) { EXPECT_EQ(run_loss(of, zeros, t).gradient.at(3, j), 0); }
  // A teacher of equal rows has one distance: nothing counts.
  auto const nothing = run_loss(of, x, with_repeated_rows(t, 0));
  EXPECT_EQ(nothing.value(), 0);
  expect_zero(nothing.gradient);
}

TEST(pairwise_ranking_loss, settings_must_be_in_range) {
  auto const x = random_matrix<float>(3, 4, 10);
  matrix<double> loss(1, 1);
  auto const refusal = [&](auto... settings) {
    return refusal_of([&] {
      coupleface::pairwise_ranking_loss(policy(), x.view(), x.view(), loss.scalar(), settings...);
    });
  };
  std::string const out =
      "coupleface::pairwise_ranking_loss: a setting of the ranking is out of range";
  EXPECT_EQ(refusal(exponential_ranking{0}), out);
  EXPECT_EQ(refusal(power_ranking{0.5}), out);
  EXPECT_EQ(refusal(logistic_ranking{-1}), out);
  EXPECT_EQ(refusal(power_ranking{}, coupleface::ranking_sample{0, 1}),
            "coupleface::pairwise_ranking_loss: comparisons must be positive");
  EXPECT_TRUE(loss.untouched());
}

TEST(pairwise_ranking_loss, any_set_of_kernels) {
  for_each_kernel_set([&] {
    expect_elements<double, double>(ranking_case<power_ranking>{}, {20, 20, 24});
  });
}

TEST(pairwise_ranking_loss, scratch_is_40_bytes_for_each_pair_of_rows) {
  index_t const n = 320, d = 40;
  auto const s = on_host(random_matrix<float>(n, d, 11));
  allocation_count count;
  counting_allocator allocator(count);
  host_matrix<double> loss(1, 1);
  host_matrix<float> gradient(n, d);
  coupleface::pairwise_ranking_loss(thrust::seq(allocator), s.view(), s.view(), loss.scalar(),
                                    gradient.view());
  expect_scratch_within(count, std::size_t(40 * n * n + 16 * n * d + 512));
}

}  // namespace
