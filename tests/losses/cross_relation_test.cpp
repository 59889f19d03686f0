// SPDX-License-Identifier: Apache-2.0
// cross_relation_loss and cross_contrast_loss: conformance, cases by hand, labels, settings.
#include <coupleface/losses/cross_relation.hpp>
#include <coupleface/losses/relation_loss.hpp>
#include <coupleface/losses/teacher_queue.hpp>

#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;

template <class Penalty, class Relation = coupleface::cosine, class Keep = coupleface::other_rows>
struct difference_case : law_case {
  static constexpr char const* name = "cross_relation_loss";
  static constexpr bool any_widths = false, any_rotation = false;
  static constexpr rescaling any_length =
      std::is_same_v<Relation, coupleface::cosine> ? rescaling::rows : rescaling::none;
  static constexpr index_t needed_rows = std::is_same_v<Keep, coupleface::other_rows> ? 2 : 1;
  Penalty penalty = {};
  Relation relation = {};
  Keep keep = {};

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    coupleface::cross_relation_loss(policy, student, teacher, outputs..., penalty, relation, keep);
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    return mean_penalty(penalty, relation, keep, s, t, t, t);
  }
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    return mean_penalty_bounds(penalty, relation, keep, s, t, t, t, epsilon, 1);
  }
  static std::size_t scratch(loss_shape shape, std::size_t size) {
    index_t const rows = shape.n + 32, width = shape.student + 32;
    return std::size_t(rows * width) * 7 * size + 32 * 32 * 1024;
  }
};

struct contrast_case : law_case {
  static constexpr char const* name = "cross_contrast_loss";
  static constexpr bool any_widths = false, any_rotation = false, zero_at_equal = false;
  double temperature = 0.5;

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    coupleface::cross_contrast_loss(policy, student, teacher, outputs..., temperature);
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    auto const cosines = relations_of(coupleface::cosine{}, s, t);
    long double sum = 0;
    for (index_t i = 0; i < s.rows; ++i) {
      long double others = 0;
      for (index_t j = 0; j < s.rows; ++j) {
        long double const gap = cosines.at(i, j) - cosines.at(i, i);
        if (i != j) { others += std::exp(gap / temperature); }
      }
      sum += std::log1p(others);
    }
    return s.rows == 0 ? 0 : sum / s.rows;
  }
  /// A row's loss changes by no more than a gap of its logits does; the shares by as much, twice:
  /// of the others and of the right row.
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    relation_errors<coupleface::cosine> const cosines({}, s, t, epsilon);
    double const n = double(std::max(index_t(1), s.rows)), adding = n + 32;
    error_bounds result;
    for (index_t i = 0; i < s.rows; ++i) {
      double gap = 0, pull_error = 0, pull = 0;
      for (index_t j = 0; j < s.rows; ++j) {
        relation_error const e = cosines(i, j);
        gap = std::max(gap, 2 * e.value / temperature);
        pull_error = std::max(pull_error, e.pull_error);
        pull = std::max(pull, e.pull);
      }
      // Logits are rounded too: they are up to 1 / temperature.
      gap += 4 * epsilon / temperature;
      result.value += gap + adding * epsilon * (1 + std::log(n));
      result.gradient.push_back(2 * (pull_error + (2 * gap + adding * epsilon) * pull) /
                                (temperature * n));
    }
    result.value /= n;
    return result;
  }
  static std::size_t scratch(loss_shape shape, std::size_t size) {
    index_t const rows = shape.n + 32, width = shape.student + 32;
    index_t const lane = 256 * width + 512 * 128 + rows * width;
    return std::size_t(lane * ((shape.n + 127) / 128) + rows * width) * size +
           std::size_t(shape.n) * 256;
  }
};

using cases =
    testing::Types<difference_case<coupleface::absolute>,
                   difference_case<coupleface::squared, coupleface::cosine, coupleface::every_row>,
                   difference_case<coupleface::smooth_l1, coupleface::euclidean_distance>,
                   contrast_case>;
INSTANTIATE_TYPED_TEST_SUITE_P(cross_relation, law_conformance, cases);

TEST(cross_relation_loss, hand_computed) {
  matrix<double> const s(2, 2, {3, 4, 1, 0}), t(2, 2, {0, 2, 5, 0});
  matrix<double> loss(1, 1), gradient(2, 2);
  coupleface::cross_relation_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view(),
                                  coupleface::squared{});
  // R(s_0, t_1) = 0.6 and R(s_1, t_0) = 0 beside R(t_0, t_1) = 0.
  EXPECT_NEAR(loss.at(0, 0), 0.18, 1e-16);
  // 2 (0.6) / 2 ((1, 0) - 0.6 (0.6, 0.8)) / 5
  EXPECT_NEAR(gradient.at(0, 0), 0.6 * 0.64 / 5, 1e-16);
  EXPECT_NEAR(gradient.at(0, 1), -0.6 * 0.48 / 5, 1e-16);
  EXPECT_EQ(gradient.at(1, 0), 0);
  EXPECT_EQ(gradient.at(1, 1), 0);
}

TEST(cross_relation_loss, labels_choose_the_pairs) {
  auto const s = random_matrix<double>(20, 9, 1), t = random_matrix<double>(20, 9, 2);
  auto const labels = random_labels(20, 3, 3);
  coupleface::other_labels const keep(labels.vector(), labels.vector());
  matrix<double> loss(1, 1);
  coupleface::cross_relation_loss(policy(), s.view(), t.view(), loss.scalar(),
                                  coupleface::absolute{}, coupleface::cosine{}, keep);
  auto const here = on_host(labels);
  auto const expected = mean_penalty(coupleface::absolute{}, coupleface::cosine{},
                                     coupleface::other_labels(here.vector(), here.vector()),
                                     rows_of(s), rows_of(t), rows_of(t), rows_of(t));
  EXPECT_NEAR(loss.at(0, 0), double(expected), 1e-14);
}

TEST(cross_relation_loss, widths_must_agree_and_settings_be_in_range) {
  auto const s = random_matrix<float>(3, 4, 4), t = random_matrix<float>(3, 5, 5);
  matrix<double> loss(1, 1);
  EXPECT_EQ(refusal_of([&] {
              coupleface::cross_relation_loss(policy(), s.view(), t.view(), loss.scalar());
            }),
            "coupleface::cross_relation_loss: teacher is 3 x 5, but student is 3 x 4");
  EXPECT_EQ(refusal_of([&] {
              coupleface::cross_contrast_loss(policy(), s.view(), t.view(), loss.scalar());
            }),
            "coupleface::cross_contrast_loss: teacher is 3 x 5, but student is 3 x 4");
  EXPECT_EQ(refusal_of([&] {
              coupleface::cross_contrast_loss(policy(), s.view(), s.view(), loss.scalar(), 0.0);
            }),
            "coupleface::cross_contrast_loss: temperature must be positive");
  EXPECT_NE(refusal_of([&] {
              coupleface::cross_relation_loss(policy(), s.view(), s.view(), loss.scalar(),
                                              coupleface::hinge{-1});
            }),
            "nothing is refused");
  EXPECT_TRUE(loss.untouched());
}

TEST(cross_contrast_loss, hand_computed) {
  matrix<double> const s(2, 2, {2, 0, 0, 1}), t(2, 2, {3, 0, 0, 5});
  matrix<double> loss(1, 1), gradient(2, 2);
  coupleface::cross_contrast_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view(),
                                  1.0);
  // Cosines 1 with the own teacher row, 0 with the other one.
  EXPECT_NEAR(loss.at(0, 0), std::log1p(std::exp(-1.0)), 1e-15);
  double const share = 1 / (1 + std::exp(1.0));
  EXPECT_NEAR(gradient.at(0, 0), 0, 1e-16);
  EXPECT_NEAR(gradient.at(0, 1), share / 2 / 2, 1e-16);
  EXPECT_NEAR(gradient.at(1, 0), share / 2, 1e-16);
}

template <class Keep>
struct apart_and {
  Keep other;
  COUPLEFACE_HOST_DEVICE bool operator()(index_t i, index_t j) const {
    return i != j && other(i, j);
  }
};

TEST(cross_contrast_loss, leaves_out_rows_of_the_own_class) {
  auto const s = random_matrix<float>(40, 9, 6), t = random_matrix<float>(40, 9, 7);
  auto const labels = random_labels(40, 4, 8);
  coupleface::not_same_label const unlike(labels.vector(), labels.vector());
  matrix<double> loss(1, 1), expected(1, 1);
  matrix<float> gradient(40, 9), expected_gradient(40, 9);
  coupleface::cross_contrast_loss(policy(), s.view(), t.view(), loss.scalar(), gradient.view(), 0.1,
                                  unlike);
  // Rows labelled -1 are no class, so that own rows must be left out too.
  apart_and<std::decay_t<decltype(unlike)>> const keep{unlike};
  coupleface::teacher_queue_loss(policy(), s.view(), t.view(), t.view(), expected.scalar(),
                                 expected_gradient.view(), 0.1, keep);
  EXPECT_TRUE(loss.same_bits(expected) && gradient.same_bits(expected_gradient));
  matrix<double> all(1, 1);
  coupleface::cross_contrast_loss(policy(), s.view(), t.view(), all.scalar());
  EXPECT_GT(all.at(0, 0), loss.at(0, 0));
}

TEST(cross_contrast_loss, small_losses_keep_their_digits) {
  // Own cosine 1, the other's -1.
  matrix<float> const s(2, 2, {1, 0, -1, 0});
  for (double const temperature : {0.1, 0.05, 0.03}) {
    matrix<double> loss(1, 1);
    coupleface::cross_contrast_loss(policy(), s.view(), s.view(), loss.scalar(), temperature);
    EXPECT_NEAR(loss.at(0, 0) / std::log1p(std::exp(-2 / temperature)), 1,
                tolerance<float>(4, 1 / temperature));
  }
}

}  // namespace
