// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent with momentum and weight decay, and the learning rate over the steps
// of a run.
#pragma once

#include <cmath>

#include "layers.hpp"

namespace train_student {

struct sgd_options {
  double learning_rate = 0.1, momentum = 0.9, weight_decay = 5e-4;
};

/// velocity = momentum * velocity + gradient + decay * value;  value -= rate * velocity.
template <class T>
void sgd_step(parameter<T>& p, sgd_options const& options, double rate) {
  T const decay = p.decays ? static_cast<T>(options.weight_decay) : T(0);
  p.velocity = static_cast<T>(options.momentum) * p.velocity + p.gradient + decay * p.value;
  p.value -= static_cast<T>(rate) * p.velocity;
}

enum class schedule { cosine, step, constant };

/// Linear warm-up from 0, then decay to 0 along a cosine, or by 10 at 50 % and 75 %, or none.
inline double rate_at(schedule s, double peak, std::int64_t step, std::int64_t steps,
                      std::int64_t warmup) {
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  double const done = static_cast<double>(step - warmup) /
                      static_cast<double>(std::max<std::int64_t>(1, steps - warmup));
  switch (s) {
    case schedule::cosine:
      return peak * 0.5 * (1 + std::cos(3.141592653589793 * std::min(1.0, done)));
    case schedule::step:
      return peak * (done < 0.5 ? 1 : done < 0.75 ? 0.1 : 0.01);
    default:
      return peak;
  }
}

}  // namespace train_student
