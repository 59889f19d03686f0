// SPDX-License-Identifier: Apache-2.0
// What the trainers' methods share: the weight from a share of the gradient, the variation of a
// teacher's relations within people, weights as the user types them.
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "face_kit/distillation/method_help.hpp"
#include "face_kit/distillation/relation_share.hpp"
#include "face_kit/distillation/teacher_variation.hpp"

namespace {

using namespace face_kit;

TEST(relation_share, gives_the_term_its_share_of_both_norms) {
  relation_share share(0.25);
  double const lambda = share.lambda(6, 0.5);
  EXPECT_DOUBLE_EQ(lambda, 4);
  EXPECT_DOUBLE_EQ(lambda * 0.5 / (6 + lambda * 0.5), 0.25);
  EXPECT_DOUBLE_EQ(share.lambda(12, 2), (6. + 12) / (0.5 + 2) / 3);
  EXPECT_DOUBLE_EQ(share.lambda(3, 2), (6. + 12 + 3) / (0.5 + 2 + 2) / 3);
}

TEST(relation_share, leaves_out_norms_that_are_not_finite) {
  relation_share share(0.5);
  EXPECT_EQ(share.lambda(NAN, HUGE_VAL), 0);
  EXPECT_DOUBLE_EQ(share.lambda(6, 3), 2);
  EXPECT_DOUBLE_EQ(share.lambda(NAN, NAN), 2);
  EXPECT_DOUBLE_EQ(share.lambda(HUGE_VAL, 1), 6 / 2.);
}

TEST(relation_share, follows_with_a_decay_after_a_hundred_steps) {
  relation_share share(0.5);
  for (int k = 0; k < 100; ++k) share.lambda(k == 0 ? 101 : 1, 1);
  EXPECT_NEAR(share.lambda(1, 1), 0.99 * 2 + 0.01, 1e-12);  // not (200 + 1) / 101
  EXPECT_NEAR(share.lambda(1, 1), 0.99 * (0.99 * 2 + 0.01) + 0.01, 1e-12);
}

TEST(relation_share, is_without_weight_until_both_gradients_have_started) {
  relation_share share(0.5);
  EXPECT_EQ(share.lambda(4, 0), 0);
  EXPECT_EQ(share.lambda(4, 0), 0);
  EXPECT_DOUBLE_EQ(share.lambda(4, 2), 2);  // started with the first norm that is not 0
  EXPECT_DOUBLE_EQ(share.lambda(4, 0), 4 / (0.5 * 2));
  relation_share other(0.5);
  EXPECT_EQ(other.lambda(0, 1), 0);
}

TEST(relation_share, goes_on_from_its_state) {
  relation_share share(0.5), other(0.5);
  share.lambda(3, 1);
  std::vector<double> state;
  share.visit_state([&](double* mean, std::size_t) { state.push_back(*mean); });
  std::size_t at = 0;
  other.visit_state([&](double* mean, std::size_t) { *mean = state.at(at++); });
  EXPECT_EQ(other.lambda(5, 2), share.lambda(5, 2));
}

/// Two people with two images each, one with one image, and a face outside of the train split.
struct few_people {
  std::vector<float> const teacher{1,    0,    0,    1,  // person 0: 0 and 90 degrees
                                   0.6f, 0.8f, 0.8f, 0.6f, -1, 0, 0.5f, 0.5f};
  std::vector<std::int32_t> const labels{0, 0, 1, 1, 2, 0};
  std::vector<int> const train{0, 1, 2, 3, 4};

  double operator()(int k, double quantile) const {
    return variation_within_people({teacher.data(), 6, 2}, train, labels, 3, k, quantile);
  }
};

TEST(teacher_variation, is_that_of_images_around_their_prototype) {
  few_people const of;
  // Prototypes of persons 0 and 1: (1, 1) / sqrt 2, each other's nearest class.
  double const half = std::sqrt(0.5), wide = 1 - half, narrow = 1 - 1.4 * half;
  EXPECT_NEAR(of(1, 0.5), narrow, 1e-6);
  EXPECT_NEAR(of(1, 0.51), wide, 1e-6);
  EXPECT_NEAR(of(1, 0), narrow, 1e-6);
  EXPECT_NEAR(of(1, 1), wide, 1e-6);
  // And with person 2: |-1 + half|, half; |-0.6 + half|, |-0.8 + half|.
  EXPECT_NEAR(of(2, 1), half, 1e-6);
}

TEST(teacher_variation, needs_somebody_with_two_images) {
  few_people of;
  try {
    variation_within_people({of.teacher.data(), 6, 2}, {0, 2, 4}, of.labels, 3, 1, 0.5);
    FAIL();
  } catch (std::runtime_error const& error) {
    EXPECT_EQ(std::string(error.what()),
              "--q-quantile: no person has two training images, so nothing varies");
  }
}

TEST(weights, are_one_for_all_methods_or_one_for_each) {
  std::vector<std::string> const methods{"fcd", "sp", "cc"};
  EXPECT_EQ(lambda_of({}, methods, "sp", 7), 7);
  EXPECT_EQ(lambda_of({2}, methods, "cc", 7), 2);
  EXPECT_EQ(lambda_of({2, 3, 4}, methods, "sp", 7), 3);
  EXPECT_NO_THROW(expect_lambdas_fit({2, 3, 4}, methods));
  EXPECT_THROW(expect_lambdas_fit({2, 3}, methods), usage_error);
  EXPECT_EQ(grouped_lambdas({{10, "mrd"}, {1, "sp"}, {10, "cc"}}), "10 (mrd, cc), 1 (sp)");
}

}  // namespace
