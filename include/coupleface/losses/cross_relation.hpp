// SPDX-License-Identifier: Apache-2.0
// coupleface: relations across the two networks: of student row i to teacher row j.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/contrast.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/pair_relation.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/pair_law.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Each student row is related to the teacher's rows as its own teacher row is.
///
/// L = 1/M sum_{i, j} phi( R(s_i, t_j) - R(t_i, t_j) ) over the M pairs that `keep` keeps; 0 if
/// there is none. A row of norm 0 has cosine 0. NaN or infinite input makes the loss NaN. This is
/// relation_loss with the teacher's batch as both banks.
///
/// @param policy any Thrust execution policy
/// @param student [n, d], @param teacher [n, d] embeddings of any length
/// @param loss one float or double in the policy's memory, overwritten
/// @param penalty phi: absolute (default), squared, hinge, smooth_l1, dead_zone, or your own
/// @param relation cosine (default), inner_product, euclidean_distance, gaussian_kernel,
///   taylor_kernel, or your own function of the cosine
/// @param keep which pairs count: other_rows (default), every_row, other_labels, or your own
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^2 d): a product for each side, and another one for the gradient
/// @scratch two copies of the batch's rows and one of 1,024 rows of the teacher for each side, the
///   gradient, and 32 KiB for each of at most 32 lanes. On CUDA: one copy of the batch's rows and
///   of 2,048 rows of the teacher for each side, the gradient, and 48 MiB, or 64 MiB in double
/// @determinism bit-identical for any policy of the host and thread count, with one set of kernels,
///   and for any two runs on one kind of device
/// Source: ours. That AIRD relates student rows to teacher rows is inferred from a later paper of
/// its author (CRRCD); neither form is public.
template <class Policy, class S, class T, class L, class Penalty = absolute,
          class Relation = cosine, class Keep = other_rows>
void cross_relation_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                         scalar_view<L> loss, Penalty penalty = {}, Relation relation = {},
                         Keep keep = {}) {
  detail::device_call<Policy> const call("cross_relation_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("cross_relation_loss", Policy, S, T, L);
  detail::expect_same_shape("cross_relation_loss", "teacher", teacher, "student", student);
  detail::pair_loss_with_bank(policy, "cross_relation_loss", student, teacher, teacher, teacher,
                              loss, detail::no_gradient{}, difference_law<Penalty>(penalty),
                              detail::product_relation("cross_relation_loss", relation), keep);
}

/// @brief cross_relation_loss and its gradient with respect to the student, [n, d], overwritten.
/// The loss has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Penalty = absolute,
          class Relation = cosine, class Keep = other_rows>
void cross_relation_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                         scalar_view<L> loss, matrix_view<G> student_gradient, Penalty penalty = {},
                         Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("cross_relation_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("cross_relation_loss", Policy, S, T, L);
  detail::expect_same_shape("cross_relation_loss", "teacher", teacher, "student", student);
  detail::pair_loss_with_bank(policy, "cross_relation_loss", student, teacher, teacher, teacher,
                              loss, student_gradient, difference_law<Penalty>(penalty),
                              detail::product_relation("cross_relation_loss", relation), keep);
}

/// @brief Each student row is nearer to its own teacher row than to the batch's other teacher rows.
///
/// L = 1/n sum_i -log( e^{cos(s_i, t_i) / tau} / (e^{cos(s_i, t_i) / tau} + sum_j e^{cos(s_i, t_j)
/// / tau}) ), the sum over the j != i that `keep` keeps for sample i. This is teacher_queue_loss
/// with the batch's own teacher rows as the queue, so that a row that keeps none has loss 0, and
/// small losses keep their digits.
///
/// @param policy any Thrust execution policy
/// @param student [n, d], @param teacher [n, d] embeddings of any length
/// @param loss one float or double in the policy's memory, overwritten
/// @param temperature tau > 0
/// @param keep every_row (default), not_same_label(labels, labels), which leaves out rows of the
///   sample's own class, or your own
/// @throws std::invalid_argument if shapes do not fit or the temperature is not positive, before
///   anything is written
/// @complexity O(n^2 d): a product for the value and two more for the gradient
/// @scratch as teacher_queue_loss with a queue of n rows
/// @determinism as teacher_queue_loss
/// Source: ours, in the form of CRRCD (inferred; tau = 0.1 from a port of it), without its learned
/// projections.
template <class Policy, class S, class T, class L, class Keep = every_row>
void cross_contrast_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                         scalar_view<L> loss, double temperature = 0.1, Keep keep = {}) {
  detail::device_call<Policy> const call("cross_contrast_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("cross_contrast_loss", Policy, S, T, L);
  detail::contrast_loss_with(policy, "cross_contrast_loss", student, teacher, teacher, loss,
                             detail::no_gradient{}, temperature, both(other_rows{}, keep));
}

/// @brief cross_contrast_loss and its gradient with respect to the student, [n, d], overwritten.
/// The loss has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Keep = every_row>
void cross_contrast_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                         scalar_view<L> loss, matrix_view<G> student_gradient,
                         double temperature = 0.1, Keep keep = {}) {
  detail::device_call<Policy> const call("cross_contrast_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("cross_contrast_loss", Policy, S, T, L);
  detail::contrast_loss_with(policy, "cross_contrast_loss", student, teacher, teacher, loss,
                             student_gradient, temperature, both(other_rows{}, keep));
}

COUPLEFACE_NAMESPACE_END
