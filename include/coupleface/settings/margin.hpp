// SPDX-License-Identifier: Apache-2.0
// coupleface: margins of the margin softmax: functions of the right class's cosine.
//
// A margin maps cos(theta) to the logit before scaling and its derivative with respect to
// cos(theta). A custom one needs
//   double scale; margin_value operator()(double cosine) const
// which does not throw. It may have bool valid() const, which is called before anything is
// computed.
#pragma once

#include <coupleface/config.hpp>

#include <cmath>

COUPLEFACE_PRECISE_BEGIN
namespace coupleface {

/// @brief A logit (before scaling) and its derivative with respect to the cosine.
struct margin_value {
  double value;
  double slope;
};

/// @brief cos(m1 theta + m2) - m3; m1 > 0, 0 <= m2 < pi, scale > 0. Source: stated (ArcFace,
/// section on combined margins).
///
/// Beyond m1 theta + m2 = pi the cosine would rise again. From there on the value continues as a
/// straight line of slope 1, continuous and monotone (ours; trainers commonly use cos(theta) - m
/// sin m there, the same slope with a jump). plain_margin removes this continuation.
///
/// d/d cos = m1 sin(m1 theta + m2) / sin(theta) grows without bound at theta = 0. The gradient with
/// respect to an embedding does not, because the direction that it multiplies has length
/// sin(theta). Therefore sin(theta) is clamped to at least 1e-4. This changes gradients only for
/// smaller angles, where they go to 0, and keeps the slope finite at cos = +-1.
struct combined_margin {
  double m1 = 1.0;
  double m2 = 0.3;
  double m3 = 0.2;
  double scale = 64.0;

  static constexpr double smallest_sine = 1e-4;
  static constexpr double pi = 3.14159265358979323846;

  bool valid() const { return m1 > 0 && m2 >= 0 && m2 < pi && scale > 0; }

  COUPLEFACE_HOST_DEVICE margin_value operator()(double cosine) const {
    double const bend = m2 + m1 * pi > pi ? std::cos((pi - m2) / m1) : -1.0;
    if (cosine < bend) { return {cosine - bend - 1.0 - m3, 1.0}; }
    return without_fallback(cosine);
  }

  COUPLEFACE_HOST_DEVICE margin_value without_fallback(double cosine) const {
    double const angle = m1 * std::acos(cosine) + m2;
    double const sine = std::sqrt((1.0 - cosine) * (1.0 + cosine));
    return {std::cos(angle) - m3,
            m1 * std::sin(angle) / (sine < smallest_sine ? smallest_sine : sine)};
  }
};

/// @brief ArcFace: cos(theta + m). Source: stated.
struct arc_margin : combined_margin {
  COUPLEFACE_HOST_DEVICE explicit arc_margin(double m = 0.5, double logit_scale = 64.0)
      : combined_margin{1.0, m, 0.0, logit_scale} {}
};

/// @brief CosFace: cos(theta) - m. Source: stated.
struct cosine_margin {
  double m = 0.35;
  double scale = 64.0;
  bool valid() const { return m == m && scale > 0; }
  COUPLEFACE_HOST_DEVICE margin_value operator()(double cosine) const { return {cosine - m, 1.0}; }
  COUPLEFACE_HOST_DEVICE margin_value without_fallback(double cosine) const {
    return (*this)(cosine);
  }
};

/// @brief A margin without the monotone continuation.
template <class Margin>
struct plain_margin : Margin {
  COUPLEFACE_HOST_DEVICE explicit plain_margin(Margin margin = Margin{}) : Margin(margin) {}
  COUPLEFACE_HOST_DEVICE margin_value operator()(double cosine) const {
    return Margin::without_fallback(cosine);
  }
};

/// @brief A margin whose derivative is taken as 1, as in trainers that apply it outside of
/// automatic differentiation. Not the derivative of the loss.
template <class Margin>
struct straight_through : Margin {
  COUPLEFACE_HOST_DEVICE explicit straight_through(Margin margin = Margin{}) : Margin(margin) {}
  COUPLEFACE_HOST_DEVICE margin_value operator()(double cosine) const {
    return {Margin::operator()(cosine).value, 1.0};
  }
};

}  // namespace coupleface
COUPLEFACE_PRECISE_END
