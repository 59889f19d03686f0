// SPDX-License-Identifier: Apache-2.0
// The weight of the relation term from the share that its gradient shall have.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace face_kit {

/// @brief lambda_t = share / (1 - share) m_base / m_relation, where m are running means, over the
/// steps, of the norms of two gradients with respect to the embeddings: of the base, weight
/// included, and of the relation term without its weight. Then the relation term has this share of
/// the sum of both norms.
///
/// A mean starts with the first norm that is not 0. It is the mean of all norms up to the 100th, so
/// that an unusual first one soon counts little; after that the decay is 0.99. A norm that is not
/// finite, as of a step that overflows in half precision, is left out. As long as one mean has not
/// started, lambda is 0: a term without a gradient teaches nothing, whatever its weight. Source:
/// ours.
class relation_share {
 public:
  explicit relation_share(double share) : odds_(share / (1 - share)) {}

  /// The weight for the step with these norms.
  double lambda(double base_norm, double relation_norm) {
    follow(base_, base_norm);
    follow(relation_, relation_norm);
    return base_.value > 0 && relation_.value > 0 ? odds_ * base_.value / relation_.value : 0;
  }

  /// visit(data, bytes)
  template <class Visit>
  void visit_state(Visit const& visit) {
    for (mean* m : {&base_, &relation_}) {
      visit(&m->value, sizeof m->value);
      visit(&m->steps, sizeof m->steps);
    }
  }

 private:
  struct mean {
    double value = 0, steps = 0;
  };

  static void follow(mean& m, double norm) {
    if (!std::isfinite(norm) || (m.steps == 0 && norm == 0)) return;
    m.steps += 1;
    // Fused in every build: a resumed run must go on with the same bits.
    m.value = std::fma(std::max(0.01, 1 / m.steps), norm - m.value, m.value);
  }

  double odds_;
  mean base_, relation_;
};

}  // namespace face_kit
