// SPDX-License-Identifier: Apache-2.0
// rkd_angle_loss: beside plain loops, derivatives, a case by hand, equal and close rows, bits.
#include <coupleface/losses/rkd.hpp>

#include "../support/kernel_sets.hpp"
#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace coupleface_test {
// Its scratch test is for losses that need less than n^2: here its parts are called.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(law_conformance);
}  // namespace coupleface_test

namespace {

using namespace coupleface_test;

template <class Penalty = coupleface::smooth_l1>
struct angle_case : law_case {
  static constexpr char const* name = "rkd_angle_loss";
  static constexpr rescaling any_length = rescaling::sides;
  static constexpr index_t needed_rows = 3;
  static constexpr bool accumulates_in_double = true;
  Penalty penalty = {};

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    coupleface::rkd_angle_loss(policy, student, teacher, outputs..., penalty);
  }

  /// visit(j, i, k) for each angle at j between i < k.
  template <class Visit>
  static void for_each_angle(index_t n, Visit visit) {
    for (index_t j = 0; j < n; ++j) {
      for (index_t i = 0; i < n; ++i) {
        for (index_t k = i + 1; k < n; ++k) {
          if (i != j && k != j) { visit(j, i, k); }
        }
      }
    }
  }

  static long double angle(reference_rows const& d, index_t j, index_t i, index_t k) {
    long double const a = d.at(i, j), b = d.at(k, j), c = d.at(i, k);
    return a == 0 || b == 0 ? 0 : (a * a + b * b - c * c) / (2 * a * b);
  }

  long double value(reference_rows const& s, reference_rows const& t) const {
    auto const of_s = relations_of(coupleface::euclidean_distance{}, s, s);
    auto const of_t = relations_of(coupleface::euclidean_distance{}, t, t);
    long double sum = 0, count = 0;
    for_each_angle(s.rows, [&](index_t j, index_t i, index_t k) {
      sum += value_of(penalty, angle(of_s, j, i, k) - angle(of_t, j, i, k));
      ++count;
    });
    return count == 0 ? 0 : sum / count;
  }

  /// Of an angle: squared distances are sums of `width` terms.
  static double angle_error(reference_rows const& d, index_t width, index_t j, index_t i, index_t k,
                            double epsilon) {
    double const a = double(d.at(i, j)), b = double(d.at(k, j)), c = double(d.at(i, k));
    return a == 0 || b == 0 ? 0 : (double(width) + 8) * epsilon * (a * a + b * b + c * c) / (a * b);
  }

  /// Everything is in double: gradients of stored elements are those of the same doubles, rounded.
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    auto const of_s = relations_of(coupleface::euclidean_distance{}, s, s);
    auto const of_t = relations_of(coupleface::euclidean_distance{}, t, t);
    error_bounds result;
    result.gradient.assign(std::size_t(s.rows), 0.0);
    double count = 0, terms = 0;
    for_each_angle(s.rows, [&](index_t j, index_t i, index_t k) {
      double const e = angle_error(of_s, s.width, j, i, k, epsilon) +
                       angle_error(of_t, t.width, j, i, k, epsilon);
      double const x = double(angle(of_s, j, i, k) - angle(of_t, j, i, k));
      result.value +=
          e * std::max(std::fabs(penalty(x - e).slope), std::fabs(penalty(x + e).slope));
      terms += double(value_of(penalty, (long double)(x)));
      ++count;
    });
    double const adding = 2 * double(s.rows) + 16;
    result.value = (result.value + tolerance<double>(adding, terms)) / std::max(count, 1.0);
    return result;
  }
};

template <class Case>
class rkd_angle : public testing::Test {};
using cases = testing::Types<angle_case<>, angle_case<coupleface::squared>>;
TYPED_TEST_SUITE(rkd_angle, cases);

/// Three rows to several panels; as many triples as a plain loop can do.
std::vector<loss_shape> angle_shapes() {
  return {{0, 5, 3},   {1, 1, 2},    {2, 2, 1},    {3, 2, 3},    {3, 16, 17},  {5, 15, 16},
          {7, 64, 65}, {15, 1, 17},  {16, 8, 9},   {17, 33, 7},  {31, 31, 33}, {32, 16, 1},
          {33, 7, 24}, {47, 101, 2}, {64, 17, 16}, {65, 10, 31}, {97, 5, 5}};
}

TYPED_TEST(rkd_angle, values_beside_the_reference) {
  TypeParam const of;
  for (loss_shape const& shape : angle_shapes()) {
    expect_elements<double, double>(of, shape);
    expect_elements<float, float>(of, shape);
    expect_elements<coupleface::float16, coupleface::bfloat16>(of, shape);
  }
}

TYPED_TEST(rkd_angle, gradient_beside_central_differences_of_the_reference) {
  TypeParam const of;
  for (loss_shape const shape : {loss_shape{3, 3, 2}, {4, 15, 16}, {5, 17, 2}, {7, 2, 33}}) {
    SCOPED_TRACE(shape.n);
    derivatives(of, shape).expect_all_elements();
  }
  for (loss_shape const shape : {loss_shape{17, 9, 8}, {33, 16, 17}, {50, 33, 15}}) {
    SCOPED_TRACE(shape.n);
    derivatives(of, shape).expect_some_rows();
  }
}

TYPED_TEST(rkd_angle, same_bits_for_any_policy_threads_strides_and_with_the_gradient) {
  TypeParam const of;
  expect_same_bits<float, float>(of, {101, 33, 17});
  expect_same_bits<double, double>(of, {67, 15, 32});
  expect_float_loss(of);
}

TYPED_TEST(rkd_angle, broken_and_degenerate_rows_and_errors) {
  TypeParam const of;
  expect_broken_rows_to_break_it<float>(of);
  expect_broken_rows_to_break_it<double>(of);
  for (index_t const n : {5, 19, 40}) {
    expect_degenerate_rows_to_be_defined<float>(of, n);
    expect_degenerate_rows_to_be_defined<double>(of, n);
  }
  expect_few_rows_to_be_defined<float>(of);
  expect_few_rows_to_be_defined<double>(of);
  expect_errors(of);
}

TYPED_TEST(rkd_angle, invariances) { expect_invariances(TypeParam{}); }

TYPED_TEST(rkd_angle, is_0_where_both_sides_are_equal) {
  TypeParam const of;
  for (index_t const n : {3, 17, 40}) {
    auto const x = random_matrix<float>(n, 17, 91);
    auto const found = run_loss(of, x, x);
    EXPECT_EQ(found.value(), 0);
    expect_zero(found.gradient);
  }
}

TEST(rkd_angle_loss, hand_computed) {
  // Student: a right angle at row 0, half of it at the others. Teacher: on a line.
  matrix<double> const s(3, 2, {0, 0, 1, 0, 0, 1}), t(3, 1, {0, 1, 3});
  double const half = std::sqrt(0.5);
  // Cosines of the teacher 1, -1 and 1.
  double const gaps = (1 - 0.5) + (half + 1 - 0.5) + (1 - half) * (1 - half) / 2;
  matrix<double> loss(1, 1), gradient(3, 2);
  coupleface::rkd_angle_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
  EXPECT_NEAR(loss.at(0, 0), gaps / 3, 1e-15);
  // Slopes -1, 1 and half - 1. Row 1 moved up turns its leg at row 0 by as much, and so that
  // cosine; the cosines at rows 1 and 2 are (1 - y) / sqrt(1 + (1 - y)^2) and fall by half / 2.
  double const along = (-1 - half / 2 - half / 2 * (half - 1)) / 3;
  EXPECT_NEAR(gradient.at(1, 1), along, 1e-15);
  for (index_t j = 0; j < 2; ++j) {
    EXPECT_NEAR(gradient.at(0, j) + gradient.at(1, j) + gradient.at(2, j), 0, 1e-15);
  }
}

TEST(rkd_angle_loss, is_the_mean_of_the_paper_up_to_its_factor) {
  // The paper divides by n^3, with entries of equal indices, which are 0 or equal.
  index_t const n = 9;
  auto const s = random_matrix<double>(n, 6, 1), t = random_matrix<double>(n, 4, 2);
  long double sum = 0;
  auto const of_s = relations_of(coupleface::euclidean_distance{}, rows_of(s), rows_of(s));
  auto const of_t = relations_of(coupleface::euclidean_distance{}, rows_of(t), rows_of(t));
  for (index_t j = 0; j < n; ++j) {
    for (index_t i = 0; i < n; ++i) {
      for (index_t k = 0; k < n; ++k) {
        sum += value_of(coupleface::smooth_l1{},
                        angle_case<>::angle(of_s, j, i, k) - angle_case<>::angle(of_t, j, i, k));
      }
    }
  }
  double const factor = double((n - 1) * (n - 2)) / double(n * n);
  EXPECT_NEAR(double(sum / (n * n * n)), factor * value_of_loss(angle_case<>{}, s, t), 1e-15);
}

TEST(rkd_angle_loss, equal_rows_pull_nowhere) {
  // Rows 1 and 2 are equal: the angles at row 0 remain, of 0 degrees.
  matrix<float> const s(3, 2, {0, 0, 1, 1, 1, 1}), t(3, 2, {0, 0, 1, 0, 1, 1});
  auto const found = run_loss(angle_case<>{}, s, t);
  double const at_0 = 1 - std::sqrt(0.5);
  EXPECT_NEAR(found.value(), (at_0 * at_0 / 2 + 0.5 * 0 + 0.25) / 3, 1e-15);
  // A cosine of 1 is the largest: no direction changes it.
  for (index_t i = 0; i < 3; ++i) {
    for (index_t j = 0; j < 2; ++j) { EXPECT_NEAR(found.gradient.at(i, j), 0, 1e-7); }
  }
}

TEST(rkd_angle_loss, close_rows_far_from_0_keep_their_digits) {
  angle_case<> const of;
  for (double const spread : {1e-2, 1e-4}) {
    auto const near = random_matrix<float>(20, 8, 3), t = random_matrix<float>(20, 8, 4);
    matrix<float> s(20, 8);
    for (index_t i = 0; i < 20; ++i) {
      for (index_t j = 0; j < 8; ++j) { s.set(i, j, 1000 + spread * near.at(i, j)); }
    }
    auto const found = run_loss(of, s, t);
    EXPECT_NEAR(found.value(), double(of.value(rows_of(s), rows_of(t))),
                of.bounds(rows_of(s), rows_of(t), 0x1p-52).value);
    // A derivative along one row, of a loss that changes by about 1 / spread.
    reference_rows above = rows_of(s), below = above;
    long double const step = 1e-6L * spread;
    above.at(3, 2) += step;
    below.at(3, 2) -= step;
    double const expected =
        double((of.value(above, rows_of(t)) - of.value(below, rows_of(t))) / (2 * step));
    EXPECT_NEAR(found.gradient.at(3, 2) * spread, expected * spread, 1e-7);
  }
}

TEST(rkd_angle_loss, any_set_of_kernels) {
  for_each_kernel_set([&] { expect_elements<double, double>(angle_case<>{}, {70, 20, 24}); });
}

TEST(rkd_angle_loss, scratch_is_24_bytes_for_each_pair) {
  index_t const n = 320, d = 40;
  auto const s = random_matrix<float>(n, d, 5);
  allocation_count count;
  counting_allocator allocator(count);
  host_matrix<double> loss(1, 1);
  host_matrix<float> gradient(n, d);
  auto const host_s = on_host(s);
  coupleface::rkd_angle_loss(thrust::seq(allocator), host_s.view(), host_s.view(), loss.scalar(),
                             gradient.view());
  expect_scratch_within(count, std::size_t(24 * n * n + 8 * n * d + 20 * 288 * n + 16 * n + 512));
}

}  // namespace
