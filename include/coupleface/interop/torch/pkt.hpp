// SPDX-License-Identifier: Apache-2.0
// coupleface: probabilistic knowledge transfer on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/pkt.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief pkt_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student [n, d_s], teacher [n, d_t] embeddings of any length
/// @param law pkt_law{epsilon}
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
///   out of range
/// @complexity pkt_loss's @determinism the same
/// @scratch pkt_loss's, and a gradient [n, d_s] until backward
/// Source: as pkt_loss.
template <class Policy>
at::Tensor pkt_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher,
                    pkt_law law = {}) {
  auto const call = [&](auto const&... views) { pkt_loss(views..., law); };
  return detail::student_loss("pkt_loss", policy, student, teacher, call);
}

COUPLEFACE_NAMESPACE_END
