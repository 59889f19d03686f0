// SPDX-License-Identifier: Apache-2.0
// coupleface: contrast with a queue on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/teacher_queue.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief teacher_queue_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student, teacher [n, d] embeddings of any length
/// @param queue [m, d] of the teacher's element type; it gets no gradient
/// @param temperature, keep as teacher_queue_loss's
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
/// out
///   of range
/// @complexity teacher_queue_loss's @determinism the same
/// @scratch teacher_queue_loss's, and a gradient [n, d] until backward
/// Source: as teacher_queue_loss.
template <class Policy, class Keep = every_row>
at::Tensor teacher_queue_loss(Policy const& policy, at::Tensor const& student,
                              at::Tensor const& teacher, at::Tensor const& queue,
                              double temperature = 0.1, Keep keep = {}) {
  detail::expect_tensor("teacher_queue_loss", "teacher", teacher, 2);
  auto const q = detail::bank_rows("teacher_queue_loss", "queue", queue, teacher);
  auto const call = [=](auto const& on, auto rows, auto beside, auto const&... results) {
    using T = typename decltype(beside)::element_type;
    teacher_queue_loss(on, rows, beside, detail::unchecked_matrix<T>(q), results..., temperature,
                       keep);
  };
  return detail::student_loss("teacher_queue_loss", policy, student, teacher, call);
}

COUPLEFACE_NAMESPACE_END
