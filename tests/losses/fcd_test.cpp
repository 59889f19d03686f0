// SPDX-License-Identifier: Apache-2.0
// fcd_loss: conformance, value, gradient, edge data, errors, repeatability, scratch.
#include <coupleface/losses/fcd.hpp>
#include <coupleface/normalize.hpp>

#include "../support/counting_allocator.hpp"
#include "../support/gradient_check.hpp"
#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;
using coupleface::fcd_loss;

template <class S, class T>
double loss_of(matrix<S> const& s, matrix<T> const& t) {
  matrix<double> loss(1, 1);
  fcd_loss(policy(), s.view(), t.view(), loss.scalar());
  return loss.at(0, 0);
}

template <class S, class T>
long double reference(matrix<S> const& s, matrix<T> const& t) {
  long double sum = 0;
  for (index_t i = 0; i < s.rows(); ++i) {
    for (index_t j = 0; j < s.columns(); ++j) {
      long double const gap = reference_unit(s, i, j) - reference_unit(t, i, j);
      sum += gap * gap;
    }
  }
  return s.rows() == 0 ? 0 : sum / s.rows();
}

struct fcd_case : law_case {
  static constexpr char const* name = "fcd_loss";
  static constexpr bool any_widths = false, any_rotation = false, accumulates_in_double = true;
  static constexpr bool has_the_hosts_bits_on_devices = true;
  static constexpr index_t needed_rows = 1;

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    fcd_loss(policy, student, teacher, outputs...);
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    auto const a = unit_rows(s), b = unit_rows(t);
    long double sum = 0;
    for (std::size_t at = 0; at < a.x.size(); ++at) {
      sum += (a.x[at] - b.x[at]) * (a.x[at] - b.x[at]);
    }
    return s.rows == 0 ? 0 : sum / s.rows;
  }
  /// Per row at most 4, of width terms; -2/n (t^ - (t^ . s^) s^) / ||s||.
  error_bounds bounds(reference_rows const& s, reference_rows const&, double epsilon) const {
    error_bounds result;
    result.value = 4 * (relation_terms(s.width) + double(s.rows)) * epsilon;
    for (index_t i = 0; i < s.rows; ++i) {
      double const norm = double(s.norm(i)), n = double(s.rows);
      result.gradient.push_back(norm == 0 ? 0 : 2 * relation_terms(s.width) * epsilon / (n * norm));
    }
    return result;
  }
  static std::size_t scratch(loss_shape shape, std::size_t) { return std::size_t(8 * shape.n); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(fcd, law_conformance, testing::Types<fcd_case>);

TEST(fcd_loss, hand_computed) {
  matrix<float> const s(2, 2, {3, 4, 1, 0});
  matrix<float> const t(2, 2, {0, 2, 5, 0});
  // (0.6, 0.8) - (0, 1): 0.36 + 0.04; the second row agrees.
  EXPECT_NEAR(loss_of(s, t), 0.2, 1e-15);
  matrix<float> loss(1, 1), gradient(2, 2);
  fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
  // -2/2 ((0, 1) - 0.8 (0.6, 0.8)) / 5 = -(-0.48, 0.36) / 5
  EXPECT_NEAR(gradient.at(0, 0), 0.096, 1e-8);
  EXPECT_NEAR(gradient.at(0, 1), -0.072, 1e-8);
  EXPECT_EQ(gradient.at(1, 0), 0);
  EXPECT_EQ(gradient.at(1, 1), 0);
}

template <class Pair>
class fcd_types : public testing::Test {};
using element_pairs =
    testing::Types<std::pair<float, float>, std::pair<double, double>,
                   std::pair<coupleface::float16, float>, std::pair<float, coupleface::bfloat16>>;
TYPED_TEST_SUITE(fcd_types, element_pairs);

TYPED_TEST(fcd_types, shapes_against_a_plain_loop) {
  for (auto const& [n, d] : shapes()) {
    auto const s = random_matrix<typename TypeParam::first_type>(n, d, 1, 3);
    auto const t = random_matrix<typename TypeParam::second_type>(n, d, 2, 1);
    // Everything is summed in double: d + n terms of a loss of at most 4.
    EXPECT_NEAR(loss_of(s, t), double(reference(s, t)), tolerance<double>(double(d + n) + 8, 4.0))
        << n << " x " << d;
  }
}

TYPED_TEST(fcd_types, gradients_against_a_plain_loop) {
  using S = typename TypeParam::first_type;
  using T = typename TypeParam::second_type;
  using G = coupleface::accumulator_t<S>;
  for (index_t const width : {1, 2, 15, 16, 17, 31, 33, 64, 101}) {
    index_t const n = 5;
    auto const s = random_matrix<S>(n, width, 21, 1);
    auto const t = random_matrix<T>(n, width, 22, 2);
    matrix<G> gradient(n, width, 3);
    matrix<double> loss(1, 1);
    fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
    for (index_t i = 0; i < n; ++i) {
      // -2/n (t^ - (t^ . s^) s^) / ||s||
      long double const scale = -2.0L / n / reference_norm(s, i);
      long double const cosine = reference_cosine(s, i, t, i);
      for (index_t j = 0; j < width; ++j) {
        long double const across = reference_unit(t, i, j) - cosine * reference_unit(s, i, j);
        double const expected = double(scale * across);
        EXPECT_NEAR(gradient.at(i, j), expected,
                    tolerance<G>(1, std::fabs(expected)) +
                        tolerance<double>(double(width) + 16, double(std::fabs(scale))))
            << width << ": " << i << ", " << j;
      }
    }
  }
}

TEST(fcd_loss, gradient_agrees_with_central_differences) {
  auto const s = random_matrix<double>(7, 19, 3);
  auto const t = random_matrix<double>(7, 19, 4);
  matrix<double> loss(1, 1), gradient(7, 19);
  fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
  expect_gradient(s, gradient, [&](matrix<double> const& x) { return loss_of(x, t); });
}

TEST(fcd_loss, zero_at_agreement_up_to_scale) {
  auto const t = random_matrix<double>(5, 40, 5);
  matrix<double> s(5, 40), loss(1, 1), gradient(5, 40);
  for (index_t i = 0; i < 5; ++i) {
    for (index_t j = 0; j < 40; ++j) { s.set(i, j, t.at(i, j) * 4); }
  }
  fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
  // One rounding of every unit element, squared.
  EXPECT_NEAR(loss.at(0, 0), 0, std::pow(std::numeric_limits<double>::epsilon(), 2));
  for (index_t j = 0; j < 40; ++j) { EXPECT_NEAR(gradient.at(2, j), 0, 1e-16); }
}

TEST(fcd_loss, keeps_its_digits_near_agreement) {
  // Two unit vectors 1e-6 apart: the expanded form 2 - 2 cos has no digit left in float.
  matrix<float> const s(1, 2, {1, 1e-6});
  matrix<float> const t(1, 2, {1, 0});
  EXPECT_NEAR(loss_of(s, t), 1e-12, 1e-18);
}

TEST(fcd_loss, degenerate_rows) {
  auto const t = random_matrix<float>(3, 4, 6);
  matrix<float> const zero(3, 4, std::vector<double>(12, 0.0));
  matrix<float> const denormal(3, 4, std::vector<double>(12, 1e-42));
  matrix<float> gradient(3, 4);
  matrix<double> loss(1, 1);
  for (auto const* s : {&zero, &denormal}) {
    fcd_loss(policy(), s->view(), t.view(), loss.scalar(), gradient.view());
    EXPECT_NEAR(loss.at(0, 0), 1, 1e-12);
    for (index_t i = 0; i < 3; ++i) {
      for (index_t j = 0; j < 4; ++j) { EXPECT_EQ(gradient.at(i, j), 0); }
    }
    fcd_loss(policy(), t.view(), s->view(), loss.scalar(), gradient.view());
    EXPECT_NEAR(loss.at(0, 0), 1, 1e-12);
    for (index_t j = 0; j < 4; ++j) { EXPECT_EQ(gradient.at(1, j), 0); }
  }
  EXPECT_EQ(loss_of(zero, zero), 0);
}

TYPED_TEST(fcd_types, a_student_without_a_direction_gets_no_gradient_from_a_broken_teacher) {
  using S = typename TypeParam::first_type;
  using T = typename TypeParam::second_type;
  for (index_t const width : {2, 16, 19}) {
    auto const count = static_cast<std::size_t>(width);
    matrix<S> const s(1, width, std::vector<double>(count, 0.0));
    matrix<T> t(1, width, std::vector<double>(count, 1.0));
    matrix<S> gradient(1, width);
    matrix<double> loss(1, 1);
    t.set(0, 0, std::nan(""));
    fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
    EXPECT_TRUE(std::isnan(loss.at(0, 0)));
    for (index_t j = 0; j < width; ++j) { EXPECT_EQ(gradient.at(0, j), 0) << width; }
  }
}

TEST(fcd_loss, huge_and_tiny_rows) {
  for (double const scale : {1e-30, 1e30}) {
    auto const s = random_matrix<float>(4, 9, 7);
    auto const t = random_matrix<float>(4, 9, 8);
    matrix<float> scaled(4, 9);
    for (index_t i = 0; i < 4; ++i) {
      for (index_t j = 0; j < 9; ++j) { scaled.set(i, j, s.at(i, j) * scale); }
    }
    EXPECT_NEAR(loss_of(scaled, t), loss_of(s, t), 1e-5);
  }
  matrix<double> const huge(1, 2, {1e300, 1e300});
  matrix<double> const tiny(1, 2, {1e-300, 1e-300});
  EXPECT_NEAR(loss_of(huge, tiny), 0, 1e-15);
}

TEST(fcd_loss, gradient_of_doubles_whose_squares_leave_the_range) {
  for (double const scale : {1e160, 1e-170}) {
    matrix<double> const t(1, 2, {4, 3});
    matrix<double> const s(1, 2, {3 * scale, 4 * scale});
    matrix<double> loss(1, 1), gradient(1, 2);
    fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
    // -2 ((0.8, 0.6) - 0.96 (0.6, 0.8)) / ||s||
    EXPECT_NEAR(gradient.at(0, 0) * scale, -2 * (0.8 - 0.96 * 0.6) / 5, 1e-15);
    EXPECT_NEAR(gradient.at(0, 1) * scale, -2 * (0.6 - 0.96 * 0.8) / 5, 1e-15);
  }
}

TEST(fcd_loss, broken_input_breaks_the_loss) {
  double const bad[] = {std::nan(""), std::numeric_limits<double>::infinity()};
  for (double const value : bad) {
    auto const t = random_matrix<float>(3, 20, 9);
    auto s = random_matrix<float>(3, 20, 10);
    s.set(1, 7, value);
    EXPECT_TRUE(std::isnan(loss_of(s, t)));
    EXPECT_TRUE(std::isnan(loss_of(t, s)));
    matrix<double> loss(1, 1);
    matrix<float> gradient(3, 20);
    fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
    EXPECT_TRUE(std::isnan(gradient.at(1, 0)));
    EXPECT_FALSE(std::isnan(gradient.at(0, 0)));
  }
}

TEST(fcd_loss, errors_name_the_sizes_and_write_nothing) {
  auto const s = random_matrix<float>(3, 4, 11);
  auto const t = random_matrix<float>(3, 5, 12);
  matrix<float> loss(1, 1), gradient(3, 4), short_gradient(2, 4);
  try {
    fcd_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view());
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_STREQ(error.what(), "coupleface::fcd_loss: teacher is 3 x 5, but student is 3 x 4");
  }
  EXPECT_THROW(fcd_loss(policy(), s.view(), s.view(), loss.scalar(), short_gradient.view()),
               std::invalid_argument);
  EXPECT_THROW(fcd_loss(policy(), s.view(), s.view(), coupleface::scalar_view<float>(nullptr)),
               std::invalid_argument);
  EXPECT_TRUE(loss.untouched() && gradient.untouched() && short_gradient.untouched());
}

TEST(fcd_loss, same_bits_every_time_and_with_or_without_gradient) {
  auto const s = random_matrix<float>(301, 67, 13);
  auto const t = random_matrix<float>(301, 67, 14);
  auto const host_s = on_host(s), host_t = on_host(t);
  matrix<double> first(1, 1), value_only(1, 1);
  matrix<float> first_gradient(301, 67);
  host_matrix<double> second(1, 1);
  host_matrix<float> second_gradient(301, 67);
  fcd_loss(policy(), s.view(), t.view(), first.scalar(), first_gradient.view());
  fcd_loss(thrust::seq, host_s.view(), host_t.view(), second.scalar(), second_gradient.view());
  fcd_loss(policy(), s.view(), t.view(), value_only.scalar());
  EXPECT_TRUE(first.same_bits(second) && first.same_bits(value_only));
  EXPECT_TRUE(first_gradient.same_bits(second_gradient));
}

TEST(fcd_loss, row_order_does_not_matter) {
  auto const s = random_matrix<double>(6, 5, 15);
  auto const t = random_matrix<double>(6, 5, 16);
  matrix<double> s_reversed(6, 5), t_reversed(6, 5);
  for (index_t i = 0; i < 6; ++i) {
    for (index_t j = 0; j < 5; ++j) {
      s_reversed.set(i, j, s.at(5 - i, j));
      t_reversed.set(i, j, t.at(5 - i, j));
    }
  }
  EXPECT_NEAR(loss_of(s, t), loss_of(s_reversed, t_reversed), 1e-14);
}

TEST(fcd_loss, scratch_is_eight_bytes_a_row) {
  auto const s = on_host(random_matrix<float>(100, 16, 17));
  host_matrix<float> loss(1, 1), gradient(100, 16);
  allocation_count count;
  counting_allocator allocator(count);
  fcd_loss(thrust::seq(allocator), s.view(), s.view(), loss.scalar(), gradient.view());
  EXPECT_EQ(count.bytes, 800u);
  EXPECT_EQ(count.live, 0u);
}

}  // namespace
