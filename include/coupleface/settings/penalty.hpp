// SPDX-License-Identifier: Apache-2.0
// coupleface: penalties on the gap between a student's relation and the teacher's.
//
// A penalty maps x = R(student) - R(teacher) to a value and its derivative, 0 at a kink. NaN gives
// NaN, so that a broken embedding does not look like agreement. A custom one needs
//   penalty_value operator()(double x) const
// which does not throw. It may have bool valid() const, which is called before anything is
// computed. With CUDA the operator is a host-device function.
#pragma once

#include <coupleface/config.hpp>

#include <cmath>

COUPLEFACE_PRECISE_BEGIN
namespace coupleface {

/// @brief A penalty and its derivative at one point.
struct penalty_value {
  double value;
  double slope;
};

/// @brief max(0, x - q): a student relation may not exceed the teacher's by more than q >= 0 (RAD).
/// Source: reconstructed, q = 0.03 too.
struct hinge {
  double q = 0.03;
  bool valid() const { return q >= 0; }
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double x) const {
    // One comparison, false for NaN: compilers vectorise it.
    double const over = x <= q ? 0.0 : x - q;
    return {over, over > 0 ? 1.0 : over};
  }
};

/// @brief |x|. Source: ours.
struct absolute {
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double x) const {
    if (x != x) { return {x, x}; }
    return {std::fabs(x), x > 0 ? 1.0 : (x < 0 ? -1.0 : 0.0)};
  }
};

/// @brief x^2. Source: ours.
struct squared {
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double x) const { return {x * x, 2 * x}; }
};

/// @brief x^2 / (2 beta) for |x| < beta, else |x| - beta/2; beta > 0. Source: ours (RKD uses it).
struct smooth_l1 {
  double beta = 1.0;
  bool valid() const { return beta > 0; }
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double x) const {
    if (!(std::fabs(x) >= beta)) { return {x * x / (2 * beta), x / beta}; }
    return {std::fabs(x) - beta / 2, x > 0 ? 1.0 : -1.0};
  }
};

/// @brief max(0, |x| - q), q >= 0: the two-sided hinge. Source: ours.
struct dead_zone {
  double q = 0.03;
  bool valid() const { return q >= 0; }
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double x) const {
    if (x != x) { return {x, x}; }
    if (!(std::fabs(x) > q)) { return {0.0, 0.0}; }
    return {std::fabs(x) - q, x > 0 ? 1.0 : -1.0};
  }
};

/// @brief 1 where another penalty has a slope, else 0. A loss with it is the share of active pairs.
/// Source: ours.
template <class Penalty>
struct active_share {
  Penalty penalty = {};
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double x) const {
    double const slope = penalty(x).slope;
    return {slope != slope ? slope : (slope != 0 ? 1.0 : 0.0), 0.0};
  }
};

}  // namespace coupleface
COUPLEFACE_PRECISE_END
