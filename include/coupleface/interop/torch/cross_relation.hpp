// SPDX-License-Identifier: Apache-2.0
// coupleface: student rows beside the batch's teacher rows, on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/cross_relation.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief cross_relation_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student, teacher [n, d] embeddings of any length
/// @param penalty, relation, keep as cross_relation_loss's
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
///   out of range
/// @complexity cross_relation_loss's @determinism the same
/// @scratch cross_relation_loss's, and a gradient [n, d] until backward
/// Source: as cross_relation_loss.
template <class Policy, class Penalty = absolute, class Relation = cosine, class Keep = other_rows>
at::Tensor cross_relation_loss(Policy const& policy, at::Tensor const& student,
                               at::Tensor const& teacher, Penalty penalty = {},
                               Relation relation = {}, Keep keep = {}) {
  auto const call = [&](auto const&... views) {
    cross_relation_loss(views..., penalty, relation, keep);
  };
  return detail::student_loss("cross_relation_loss", policy, student, teacher, call);
}

/// @brief cross_contrast_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param temperature, keep as cross_contrast_loss's
/// Everything else as above.
template <class Policy, class Keep = every_row>
at::Tensor cross_contrast_loss(Policy const& policy, at::Tensor const& student,
                               at::Tensor const& teacher, double temperature = 0.1,
                               Keep keep = {}) {
  auto const call = [=](auto const&... views) { cross_contrast_loss(views..., temperature, keep); };
  return detail::student_loss("cross_contrast_loss", policy, student, teacher, call);
}

COUPLEFACE_NAMESPACE_END
