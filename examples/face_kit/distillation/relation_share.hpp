// SPDX-License-Identifier: Apache-2.0
// The weight of the relation term from the share that its gradient shall have.
#pragma once

#include <cmath>
#include <cstddef>

namespace face_kit {

/// @brief lambda_t = share / (1 - share) m_base / m_relation, where m are running means, over the
/// steps with a decay of 0.99, of the norms of two gradients with respect to the embeddings: of the
/// base, weight included, and of the relation term without its weight. Then the relation term has
/// this share of the sum of both norms.
///
/// A mean starts with the first norm that is not 0. As long as one of them has not started, lambda
/// is 0: a term without a gradient teaches nothing, whatever its weight. Source: ours.
class relation_share {
 public:
  explicit relation_share(double share) : odds_(share / (1 - share)) {}

  /// The weight for the step with these norms.
  double lambda(double base_norm, double relation_norm) {
    follow(base_, base_norm);
    follow(relation_, relation_norm);
    return base_ > 0 && relation_ > 0 ? odds_ * base_ / relation_ : 0;
  }

  /// visit(data, bytes)
  template <class Visit>
  void visit_state(Visit const& visit) {
    visit(&base_, sizeof base_);
    visit(&relation_, sizeof relation_);
  }

 private:
  static void follow(double& mean, double norm) {
    // Fused in every build: a resumed run must go on with the same bits.
    mean = mean > 0 ? std::fma(0.01, norm - mean, mean) : norm;
  }

  double odds_, base_ = 0, relation_ = 0;
};

}  // namespace face_kit
