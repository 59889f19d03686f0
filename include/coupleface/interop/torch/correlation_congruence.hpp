// SPDX-License-Identifier: Apache-2.0
// coupleface: correlation congruence on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/correlation_congruence.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief correlation_congruence_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student [n, d_s], teacher [n, d_t] embeddings of any length
/// @param kernel taylor_kernel (default), gaussian_kernel, or your own function of the cosine
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
///   out of range
/// @complexity correlation_congruence_loss's @determinism the same
/// @scratch correlation_congruence_loss's, and a gradient [n, d_s] until backward
/// Source: as correlation_congruence_loss.
template <class Policy, class Kernel = taylor_kernel>
at::Tensor correlation_congruence_loss(Policy const& policy, at::Tensor const& student,
                                       at::Tensor const& teacher, Kernel kernel = {}) {
  auto const call = [&](auto const&... views) { correlation_congruence_loss(views..., kernel); };
  return detail::student_loss("correlation_congruence_loss", policy, student, teacher, call);
}

COUPLEFACE_NAMESPACE_END
