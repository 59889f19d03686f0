// SPDX-License-Identifier: Apache-2.0
// angular_loss: value, gradient, edge data, errors, repeatability, scratch.
#include <coupleface/losses/angular.hpp>

#include "../support/kernel_sets.hpp"
#include "../support/reference.hpp"
#include "../support/student_loss.hpp"

namespace {

using namespace coupleface_test;

template <class Penalty = coupleface::squared>
auto angular(Penalty penalty = {}) {
  return [=](auto const& policy, auto s, auto t, auto loss, auto... gradient) {
    coupleface::angular_loss(policy, s, t, loss, gradient..., penalty);
  };
}

TEST(angular_loss, hand_computed) {
  matrix<float> const s(2, 2, {3, 4, 1, 0}), t(2, 2, {0, 2, 5, 0});
  // Cosines 0.8 and 1.
  EXPECT_NEAR(value_of(angular(), s, t), 0.02, 1e-15);
  EXPECT_NEAR(value_of(angular(coupleface::absolute{}), s, t), 0.1, 1e-15);
  auto const found = result_of<double>(angular(), s, t);
  EXPECT_NEAR(found.value(), 0.02, 1e-15);
  // -2 (0.2) / 2 ((0, 1) - 0.8 (0.6, 0.8)) / 5
  EXPECT_NEAR(found.gradient.at(0, 0), 0.2 * 0.48 / 5, 1e-15);
  EXPECT_NEAR(found.gradient.at(0, 1), -0.2 * 0.36 / 5, 1e-15);
  EXPECT_EQ(found.gradient.at(1, 0), 0);
  EXPECT_EQ(found.gradient.at(1, 1), 0);
}

template <class Pair>
class angular_types : public testing::Test {};
using element_pairs =
    testing::Types<std::pair<float, float>, std::pair<double, double>,
                   std::pair<coupleface::float16, float>, std::pair<float, coupleface::bfloat16>>;
TYPED_TEST_SUITE(angular_types, element_pairs);

TYPED_TEST(angular_types, shapes_against_a_plain_loop) {
  using S = typename TypeParam::first_type;
  using G = coupleface::accumulator_t<S>;
  for (auto const& [n, d] : shapes()) {
    auto const s = random_matrix<S>(n, d, 1, 3);
    auto const t = random_matrix<typename TypeParam::second_type>(n, d, 2, 1);
    auto const found = result_of<G>(angular(), s, t);
    long double sum = 0;
    for (index_t i = 0; i < n; ++i) {
      long double const gap = 1 - reference_cosine(s, i, t, i);
      sum += gap * gap;
      long double const scale = -2 * gap / n / reference_norm(s, i);
      for (index_t j = 0; j < d; ++j) {
        long double const across = reference_unit(t, i, j) - (1 - gap) * reference_unit(s, i, j);
        double const expected = double(scale * across);
        // d terms of a cosine in double, and one rounding to the gradient's type.
        EXPECT_NEAR(
            found.gradient.at(i, j), expected,
            tolerance<G>(1, std::fabs(expected)) +
                tolerance<double>(double(d) + 16, 2 / double(n) / double(reference_norm(s, i))))
            << n << " x " << d << ": " << i << ", " << j;
      }
    }
    EXPECT_NEAR(found.value(), n == 0 ? 0.0 : double(sum / n),
                tolerance<double>(double(d + n) + 8, 4.0))
        << n << " x " << d;
  }
}

TEST(angular_loss, gradient_agrees_with_central_differences) {
  auto const s = random_matrix<double>(7, 19, 3), t = random_matrix<double>(7, 19, 4);
  expect_central_differences(angular(), s, t);
  expect_central_differences(angular(coupleface::absolute{}), s, t);
  expect_central_differences(angular(coupleface::smooth_l1{0.5}), s, t);
}

TEST(angular_loss, is_half_of_fcd_with_absolute) {
  auto const s = random_matrix<double>(9, 21, 5), t = random_matrix<double>(9, 21, 6);
  long double sum = 0;
  for (index_t i = 0; i < 9; ++i) {
    for (index_t j = 0; j < 21; ++j) {
      long double const gap = reference_unit(s, i, j) - reference_unit(t, i, j);
      sum += gap * gap / 18;
    }
  }
  EXPECT_NEAR(value_of(angular(coupleface::absolute{}), s, t), double(sum), 1e-14);
}

TEST(angular_loss, rows_without_a_direction) {
  auto const t = random_matrix<float>(3, 4, 6);
  matrix<float> const zero(3, 4, std::vector<double>(12, 0.0));
  matrix<float> const denormal(3, 4, std::vector<double>(12, 1e-42));
  for (auto const* s : {&zero, &denormal}) {
    auto const of_student = result_of<float>(angular(), *s, t);
    EXPECT_EQ(of_student.value(), 1);
    expect_zero(of_student.gradient);
    auto const of_teacher = result_of<float>(angular(), t, *s);
    EXPECT_EQ(of_teacher.value(), 1);
    expect_zero(of_teacher.gradient);
  }
}

TEST(angular_loss, equal_rows_one_row_and_no_rows) {
  auto const x = random_matrix<double>(4, 33, 7);
  auto const same = result_of<double>(angular(), x, x);
  EXPECT_NEAR(same.value(), 0, 1e-30);
  for (index_t j = 0; j < 33; ++j) { EXPECT_NEAR(same.gradient.at(2, j), 0, 1e-15); }
  matrix<double> const one(1, 2, {1, 0}), other(1, 2, {0, 2}), none(0, 5);
  EXPECT_EQ(value_of(angular(), one, other), 1);
  EXPECT_EQ(result_of<double>(angular(), none, none).value(), 0);
}

TEST(angular_loss, gradient_of_doubles_whose_squares_leave_the_range) {
  for (double const scale : {1e160, 1e-170}) {
    matrix<double> const t(1, 2, {4, 3}), s(1, 2, {3 * scale, 4 * scale});
    auto const found = result_of<double>(angular(), s, t);
    // -2 (1 - 0.96) ((0.8, 0.6) - 0.96 (0.6, 0.8)) / ||s||
    EXPECT_NEAR(found.gradient.at(0, 0) * scale, -0.08 * (0.8 - 0.96 * 0.6) / 5, 1e-16);
    EXPECT_NEAR(found.gradient.at(0, 1) * scale, -0.08 * (0.6 - 0.96 * 0.8) / 5, 1e-16);
  }
}

TEST(angular_loss, broken_input_breaks_the_loss) {
  expect_broken_input_breaks(angular(), random_matrix<float>(3, 20, 9),
                             random_matrix<float>(3, 20, 10));
  auto s = random_matrix<float>(3, 20, 9);
  matrix<float> zero(3, 20, std::vector<double>(60, 0.0));
  auto t = random_matrix<float>(3, 20, 10);
  t.set(1, 3, std::nan(""));
  auto const broken = result_of<float>(angular(), s, t);
  EXPECT_TRUE(std::isnan(broken.gradient.at(1, 0)));
  EXPECT_FALSE(std::isnan(broken.gradient.at(0, 0)));
  expect_zero(result_of<float>(angular(), zero, t).gradient);
}

TEST(angular_loss, errors_name_the_sizes_and_write_nothing) {
  auto const s = random_matrix<float>(3, 4, 11), t = random_matrix<float>(3, 5, 12);
  matrix<float> loss(1, 1), gradient(3, 4), short_gradient(2, 4);
  try {
    coupleface::angular_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(), "coupleface::angular_loss: teacher is 3 x 5, but student is 3 x 4");
  }
  auto const with = [&](auto... rest) {
    coupleface::angular_loss(policy(), s.view(), s.view(), rest...);
  };
  EXPECT_THROW(with(loss.scalar(), short_gradient.view()), std::invalid_argument);
  EXPECT_THROW(with(coupleface::scalar_view<float>(nullptr)), std::invalid_argument);
  EXPECT_THROW(with(loss.scalar(), coupleface::hinge{-1}), std::invalid_argument);
  EXPECT_THROW(with(loss.scalar(), gradient.view(), coupleface::hinge{-1}), std::invalid_argument);
  EXPECT_TRUE(loss.untouched() && gradient.untouched() && short_gradient.untouched());
}

TEST(angular_loss, same_bits_every_time) {
  auto const s = random_matrix<float>(301, 67, 13), t = random_matrix<float>(301, 67, 14);
  expect_same_bits(angular(), s, t);
  auto const first = result_of<float>(angular(), s, t);
  for_each_kernel_set([&] {
    auto const found = result_of<float>(angular(), s, t);
    EXPECT_TRUE(found.loss.same_bits(first.loss) && found.gradient.same_bits(first.gradient));
  });
}

TEST(angular_loss, scratch_is_eight_bytes_a_row) {
  auto const s = random_matrix<float>(100, 16, 17);
  expect_scratch(angular(), s, s, 800);
}

}  // namespace
