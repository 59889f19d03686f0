// SPDX-License-Identifier: Apache-2.0
// correlation_congruence_loss: conformance, a case by hand, kernels, settings.
#include <coupleface/losses/correlation_congruence.hpp>

#include "../support/law_conformance.hpp"

#include <gtest/gtest.h>

namespace {

using namespace coupleface_test;

template <class Kernel>
struct congruence_case : law_case {
  static constexpr char const* name = "correlation_congruence_loss";
  Kernel kernel = {};

  template <class Policy, class S, class T, class... Outputs>
  void operator()(Policy const& policy, S student, T teacher, Outputs... outputs) const {
    coupleface::correlation_congruence_loss(policy, student, teacher, outputs..., kernel);
  }
  long double value(reference_rows const& s, reference_rows const& t) const {
    return mean_penalty(coupleface::squared{}, kernel, coupleface::other_rows{}, s, s, t, t);
  }
  error_bounds bounds(reference_rows const& s, reference_rows const& t, double epsilon) const {
    return mean_penalty_bounds(coupleface::squared{}, kernel, coupleface::other_rows{}, s, s, t, t,
                               epsilon, 2);
  }
};

using cases = testing::Types<congruence_case<coupleface::taylor_kernel>,
                             congruence_case<coupleface::gaussian_kernel>>;
INSTANTIATE_TYPED_TEST_SUITE_P(correlation_congruence, law_conformance, cases);

TEST(correlation_congruence_loss, hand_computed) {
  // Cosines 0.6 and 0: the kernel's constant term cancels, 2 gamma x + (2 gamma x)^2 / 2 stays.
  matrix<double> const s(2, 2, {3, 4, 2, 0}), t(2, 2, {0, 5, 1, 0});
  matrix<double> loss(1, 1), gradient(2, 2);
  coupleface::correlation_congruence_loss(policy(), s.view(), t.view(), loss.scalar(),
                                          gradient.view(), coupleface::taylor_kernel{2, 0.5});
  double const gap = std::exp(-1.0) * (0.6 + 0.18);
  EXPECT_NEAR(loss.at(0, 0), gap * gap, 1e-16);
  // Both orders of the pair: 2 gap e^-1 (1 + 0.6), times the cosine's derivative
  // ((1, 0) - 0.6 (0.6, 0.8)) / 5 and ((0.6, 0.8) - 0.6 (1, 0)) / 2.
  double const slope = 2 * gap * std::exp(-1.0) * 1.6;
  EXPECT_NEAR(gradient.at(0, 0), slope * 0.64 / 5, 1e-16);
  EXPECT_NEAR(gradient.at(0, 1), slope * -0.48 / 5, 1e-16);
  EXPECT_NEAR(gradient.at(1, 0), 0, 1e-16);
  EXPECT_NEAR(gradient.at(1, 1), slope * 0.4, 1e-16);
}

TEST(correlation_congruence_loss, every_order_of_the_series) {
  for (int order = 1; order <= 8; ++order) {
    congruence_case<coupleface::taylor_kernel> of;
    of.kernel = {order, 0.7};
    expect_elements<double, double>(of, {33, 5, 4});
    derivatives(of, {5, 4, 3}).expect_all_elements();
  }
}

TEST(correlation_congruence_loss, a_long_series_is_the_gaussian_kernel) {
  auto const s = random_matrix<double>(9, 6, 1), t = random_matrix<double>(9, 6, 2);
  double const gaussian =
      value_of_loss(congruence_case<coupleface::gaussian_kernel>{{}, {0.1}}, s, t);
  // The first left-out term is 0.2^9 / 9! = 1.4e-12 of values whose differences are below 0.4.
  EXPECT_NEAR(value_of_loss(congruence_case<coupleface::taylor_kernel>{{}, {8, 0.1}}, s, t),
              gaussian, 4e-12);
}

TEST(correlation_congruence_loss, settings_out_of_range_are_refused) {
  auto const s = random_matrix<float>(3, 4, 3);
  auto const refusal = [&](auto kernel) {
    congruence_case<decltype(kernel)> const of{{}, kernel};
    return refusal_of([&] { value_of_loss(of, s, s); });
  };
  std::string const expected =
      "coupleface::correlation_congruence_loss: a setting of the relation is out of range";
  for (int const order : {0, -1, 9}) {
    EXPECT_EQ(refusal(coupleface::taylor_kernel{order, 0.4}), expected) << order;
  }
  for (double const gamma : {0.0, -0.4, std::nan("")}) {
    EXPECT_EQ(refusal(coupleface::taylor_kernel{2, gamma}), expected) << gamma;
    EXPECT_EQ(refusal(coupleface::gaussian_kernel{gamma}), expected) << gamma;
  }
}

}  // namespace
