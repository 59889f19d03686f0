// SPDX-License-Identifier: Apache-2.0
// coupleface: feature distillation on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/feature.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief feature_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors, which alone are served
/// @param student, teacher [n, d] features
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit
/// @complexity feature_loss's @determinism the same
/// @scratch feature_loss's, and a gradient [n, d] until backward
/// Source: as feature_loss.
template <class Policy>
at::Tensor feature_loss(Policy const& policy, at::Tensor const& student,
                        at::Tensor const& teacher) {
  auto const call = [](auto const&... views) { feature_loss(views...); };
  return detail::student_loss("feature_loss", policy, student, teacher,
                              detail::on_the_host("feature_loss", call));
}

COUPLEFACE_NAMESPACE_END
