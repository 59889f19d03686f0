// SPDX-License-Identifier: Apache-2.0
// coupleface: angular distillation on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/angular.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief angular_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors, which alone are served
/// @param student, teacher [n, d] embeddings of any length
/// @param penalty squared (default), absolute, or any other
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
/// out
///   of range
/// @complexity angular_loss's @determinism the same
/// @scratch angular_loss's, and a gradient [n, d] until backward
/// Source: as angular_loss.
template <class Policy, class Penalty = squared>
at::Tensor angular_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher,
                        Penalty penalty = {}) {
  auto const call = [=](auto const&... views) { angular_loss(views..., penalty); };
  return detail::student_loss("angular_loss", policy, student, teacher,
                              detail::on_the_host("angular_loss", call));
}

COUPLEFACE_NAMESPACE_END
