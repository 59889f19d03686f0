// SPDX-License-Identifier: Apache-2.0
// coupleface: RKD of distances and of angles on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/rkd.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief rkd_distance_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student [n, d_s], teacher [n, d_t] embeddings of any length
/// @param penalty smooth_l1 (default), absolute, squared, hinge, dead_zone, or yours
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
///   out of range
/// @complexity rkd_distance_loss's @determinism the same
/// @scratch rkd_distance_loss's, and a gradient [n, d_s] until backward
/// Source: as rkd_distance_loss.
template <class Policy, class Penalty = smooth_l1>
at::Tensor rkd_distance_loss(Policy const& policy, at::Tensor const& student,
                             at::Tensor const& teacher, Penalty penalty = {}) {
  auto const call = [&](auto const&... views) { rkd_distance_loss(views..., penalty); };
  return detail::student_loss("rkd_distance_loss", policy, student, teacher, call);
}

/// @brief rkd_angle_loss of tensors, for CPU tensors alone. Everything else as above.
template <class Policy, class Penalty = smooth_l1>
at::Tensor rkd_angle_loss(Policy const& policy, at::Tensor const& student,
                          at::Tensor const& teacher, Penalty penalty = {}) {
  auto const call = [=](auto const&... views) { rkd_angle_loss(views..., penalty); };
  return detail::student_loss("rkd_angle_loss", policy, student, teacher,
                              detail::on_the_host("rkd_angle_loss", call));
}

COUPLEFACE_NAMESPACE_END
