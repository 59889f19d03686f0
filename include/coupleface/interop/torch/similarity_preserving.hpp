// SPDX-License-Identifier: Apache-2.0
// coupleface: similarity-preserving distillation on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/similarity_preserving.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief similarity_preserving_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student [n, d_s], teacher [n, d_t] embeddings of any length
/// @param relation inner_product (default) or cosine
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
///   out of range
/// @complexity similarity_preserving_loss's @determinism the same
/// @scratch similarity_preserving_loss's, and a gradient [n, d_s] until backward
/// Source: as similarity_preserving_loss.
template <class Policy, class Relation = inner_product>
at::Tensor similarity_preserving_loss(Policy const& policy, at::Tensor const& student,
                                      at::Tensor const& teacher, Relation relation = {}) {
  auto const call = [&](auto const&... views) { similarity_preserving_loss(views..., relation); };
  return detail::student_loss("similarity_preserving_loss", policy, student, teacher, call);
}

COUPLEFACE_NAMESPACE_END
