// SPDX-License-Identifier: Apache-2.0
// coupleface: correlation congruence: kernels of a batch's pairs agree with the teacher's.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>
#include <coupleface/pair_relation.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/pair_law.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Correlation congruence (CC).
///
/// L = 1/(n (n - 1)) sum_{i != j} ( R(s_i, s_j) - R(t_i, t_j) )^2 with R a kernel of the cosine; 0
/// for fewer than two rows. The paper's mean is over n^2 entries, whose diagonal is 0: its loss is
/// (n - 1)/n times this one. A row of norm 0 has cosine 0. NaN or infinite input makes the loss
/// NaN.
///
/// @param policy any Thrust execution policy
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param loss one float or double in the policy's memory, overwritten
/// @param kernel taylor_kernel{order, gamma} (default: 2 and 0.4), gaussian_kernel{gamma}, or your
///   own function of the cosine
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^2 (d_s + d_t)): half a product of all pairs for each side, and another one for
/// the gradient
/// @scratch two copies of each side and the gradient in float, or in double if a side is, and at
///   most 288 KiB, or 544 KiB in double, for each of at most 16 lanes; nothing grows with n^2.
///   On CUDA: one copy of each side, the gradient, and 48 MiB, or 64 MiB in double
/// @determinism bit-identical for any policy of the host and thread count, with one set of kernels,
///   and for any two runs on one kind of device
/// Source: stated (Peng et al., ICCV 2019).
template <class Policy, class S, class T, class L, class Kernel = taylor_kernel>
void correlation_congruence_loss(Policy const& policy, matrix_view<S> student,
                                 matrix_view<T> teacher, scalar_view<L> loss, Kernel kernel = {}) {
  detail::device_call<Policy> const call("correlation_congruence_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("correlation_congruence_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "correlation_congruence_loss", student, teacher, loss,
                             detail::no_gradient{}, difference_law<squared>(squared{}),
                             detail::product_relation("correlation_congruence_loss", kernel),
                             other_rows{});
}

/// @brief correlation_congruence_loss and its gradient with respect to the student, [n, d_s],
/// overwritten. The loss has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Kernel = taylor_kernel>
void correlation_congruence_loss(Policy const& policy, matrix_view<S> student,
                                 matrix_view<T> teacher, scalar_view<L> loss,
                                 matrix_view<G> student_gradient, Kernel kernel = {}) {
  detail::device_call<Policy> const call("correlation_congruence_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("correlation_congruence_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "correlation_congruence_loss", student, teacher, loss,
                             student_gradient, difference_law<squared>(squared{}),
                             detail::product_relation("correlation_congruence_loss", kernel),
                             other_rows{});
}

COUPLEFACE_NAMESPACE_END
