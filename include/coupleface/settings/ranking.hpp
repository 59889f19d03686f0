// SPDX-License-Identifier: Apache-2.0
// coupleface: how a student pays for two distances in another order than the teacher's.
//
// A ranking maps the student's gap between two distances, and the teacher's gap t > 0 between the
// same two, to a value and its derivative with respect to the student's gap. A custom one needs
//   penalty_value operator()(double s, double t) const
// which does not throw. It may have bool valid() const, which is called before anything is
// computed.
#pragma once

#include <coupleface/config.hpp>
#include <coupleface/settings/penalty.hpp>
#include <coupleface/view.hpp>

#include <cmath>
#include <cstdint>

COUPLEFACE_PRECISE_BEGIN
namespace coupleface {

/// @brief max(0, exp(beta (t - s)) - 1), beta > 0. Source: stated (PWR: difference as the margin).
struct exponential_ranking {
  double beta = 1.0;
  bool valid() const { return beta > 0; }
  penalty_value operator()(double s, double t) const {
    if (t - s <= 0) { return {0.0, 0.0}; }
    double const value = std::expm1(beta * (t - s));
    return {value, -beta * (value + 1)};
  }
};

/// @brief max(0, t - s)^power, power >= 1. Source: stated (PWR).
struct power_ranking {
  double power = 2.0;
  bool valid() const { return power >= 1; }
  penalty_value operator()(double s, double t) const {
    if (t - s <= 0) { return {0.0, 0.0}; }
    double const slope = power * std::pow(t - s, power - 1);
    return {slope * (t - s) / power, -slope};
  }
};

/// @brief log(1 + exp(-beta s)), beta > 0: the order alone. Source: stated (PWR).
struct logistic_ranking {
  double beta = 1.0;
  bool valid() const { return beta > 0; }
  penalty_value operator()(double s, double) const {
    double const x = -beta * s, shrunk = std::exp(-std::fabs(x));
    double const share = x > 0 ? 1 / (1 + shrunk) : shrunk / (1 + shrunk);
    return {std::fmax(x, 0.0) + std::log1p(shrunk), -beta * share};
  }
};

/// @brief Which pairs of pairs a ranking loss compares: the pairs of rows stand in a circle, in a
/// random order that the seed fixes, and each is compared with `comparisons` > 0 that follow it and
/// as many before it; with all, if there are no more. Source: ours.
struct ranking_sample {
  index_t comparisons = 32;
  std::uint64_t seed = 0;
  bool valid() const { return comparisons > 0; }
};

}  // namespace coupleface
COUPLEFACE_PRECISE_END
