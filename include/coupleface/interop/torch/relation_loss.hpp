// SPDX-License-Identifier: Apache-2.0
// coupleface: mutual relation distillation on libtorch's tensors.
#pragma once

#include <coupleface/detail/losses/check_rad.hpp>
#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/relation_loss.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief relation_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student [n, d_s], teacher [n, d_t] embeddings of any length
/// @param penalty, relation, keep as relation_loss's
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
///   out of range
/// @complexity relation_loss's @determinism the same
/// @scratch relation_loss's, and a gradient [n, d_s] until backward
/// Source: as relation_loss.
template <class Policy, class Penalty = absolute, class Relation = cosine, class Keep = other_rows,
          detail::enable_if_penalty<Penalty> = 0>
at::Tensor relation_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher,
                         Penalty penalty = {}, Relation relation = {}, Keep keep = {}) {
  auto const call = [&](auto const&... views) { relation_loss(views..., penalty, relation, keep); };
  return detail::student_loss("relation_loss", policy, student, teacher, call);
}

/// @brief The same with the rows of a bank.
///
/// @param student_bank [m, d_s], teacher_bank [m, d_t] of the teacher's element type, aligned; may
///   be one tensor. They get no gradient.
template <class Policy, class Penalty = absolute, class Relation = cosine, class Keep = every_row,
          detail::enable_if_penalty<Penalty> = 0>
at::Tensor relation_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher,
                         at::Tensor const& student_bank, at::Tensor const& teacher_bank,
                         Penalty penalty = {}, Relation relation = {}, Keep keep = {}) {
  detail::expect_tensor("relation_loss", "teacher", teacher, 2);
  auto const h = detail::bank_rows("relation_loss", "student_bank", student_bank, teacher);
  auto const g = detail::bank_rows("relation_loss", "teacher_bank", teacher_bank, teacher);
  auto const call = [&](auto const& on, auto rows, auto beside, auto const&... results) {
    using T = typename decltype(beside)::element_type;
    relation_loss(on, rows, beside, detail::unchecked_matrix<T>(h), detail::unchecked_matrix<T>(g),
                  results..., penalty, relation, keep);
  };
  return detail::student_loss("relation_loss", policy, student, teacher, call);
}

COUPLEFACE_NAMESPACE_END
