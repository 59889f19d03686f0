// SPDX-License-Identifier: Apache-2.0
// coupleface: angular distillation: each student embedding points where its teacher's does.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/row_loss.hpp>
#include <coupleface/detail/settings.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/penalty.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Angular distillation (ShrinkTeaNet).
///
/// L = 1/n sum_i phi( 1 - cos(s_i, t_i) ), phi(x) = x^2. Without rows the loss is 0. A row of norm
/// 0 (or below the smallest normal number) has cosine 0. NaN or infinite input makes the loss NaN.
/// The absolute error of 1 - cos is about 2^-52; fcd_loss, the mean of 2 (1 - cos), keeps its
/// digits near agreement.
///
/// @param policy any Thrust execution policy of the host
/// @param student [n, d], @param teacher [n, d] embeddings of any length
/// @param loss one float or double, overwritten
/// @param penalty phi: squared (default: the paper's), absolute for the mean of 1 - cos, or any
///   other
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n d)
/// @scratch 8 n bytes
/// @determinism bit-identical for any policy, thread count and set of kernels
/// Source: stated (Duong et al., ShrinkTeaNet, 2019); 1 - cos: from MarginDistillation's code.
template <class Policy, class S, class T, class L, class Penalty = squared>
void angular_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                  scalar_view<L> loss, Penalty penalty = {}) {
  detail::device_call<Policy> const call("angular_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("angular_loss", Policy, S, T, L);
  detail::expect_valid("angular_loss", "a setting of the penalty is out of range", penalty);
  detail::row_loss(policy, "angular_loss", student, teacher, loss, detail::no_gradient{},
                   detail::angular_row<Penalty>{penalty});
}

/// @brief angular_loss and its gradient with respect to the student.
///
/// student_gradient_i = -phi'(1 - cos)/n (t^ - cos s^) / ||s_i||, with a hat for unit vectors; 0
/// for a row whose norm, or whose teacher's norm, is 0 or below the smallest normal number.
///
/// @param student_gradient [n, d] result, overwritten
/// Everything else as in the value-only form; the loss has the same bits.
template <class Policy, class S, class T, class L, class G, class Penalty = squared>
void angular_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                  scalar_view<L> loss, matrix_view<G> student_gradient, Penalty penalty = {}) {
  detail::device_call<Policy> const call("angular_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("angular_loss", Policy, S, T, L);
  detail::expect_valid("angular_loss", "a setting of the penalty is out of range", penalty);
  detail::row_loss(policy, "angular_loss", student, teacher, loss, student_gradient,
                   detail::angular_row<Penalty>{penalty});
}

COUPLEFACE_NAMESPACE_END
