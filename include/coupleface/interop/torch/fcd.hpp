// SPDX-License-Identifier: Apache-2.0
// coupleface: FCD on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/fcd.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief fcd_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student, teacher [n, d] embeddings of any length
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit
/// @complexity fcd_loss's @determinism the same
/// @scratch fcd_loss's, and a gradient [n, d] until backward
/// Source: as fcd_loss.
template <class Policy>
at::Tensor fcd_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher) {
  return detail::student_loss("fcd_loss", policy, student, teacher,
                              [](auto const&... arguments) { fcd_loss(arguments...); });
}

COUPLEFACE_NAMESPACE_END
