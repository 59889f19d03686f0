// SPDX-License-Identifier: Apache-2.0
// coupleface: a penalty on every pair's relation in the student beside the teacher's.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>
#include <coupleface/pair_relation.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/pair_law.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Mutual relation distillation (MRD) over all pairs of a batch.
///
/// L = 1/M sum_{i, j} phi( R(s_i, s_j) - R(t_i, t_j) ) over the M ordered pairs that `keep` keeps;
/// 0 if there is none. A row of norm 0 has cosine 0. NaN or infinite input makes the loss NaN.
///
/// @param policy any Thrust execution policy
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param loss one float or double in the policy's memory, overwritten
/// @param penalty phi: absolute (default), squared, hinge, smooth_l1, dead_zone, or your own
/// @param relation cosine (default), inner_product, euclidean_distance, gaussian_kernel,
///   taylor_kernel, or your own function of the cosine
/// @param keep which pairs count: other_rows (default), every_row, other_labels, or your own with
///   keep(i, j) == keep(j, i)
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^2 (d_s + d_t)): half a product of all pairs for each side, and another one for
/// the gradient
/// @scratch two copies of each side and the gradient in float, or in double if a side is, and at
///   most 288 KiB, or 544 KiB in double, for each of at most 16 lanes; nothing grows with n^2.
///   On CUDA: one copy of each side, the gradient, and 48 MiB, or 64 MiB in double
/// @determinism bit-identical for any policy of the host and thread count, with one set of kernels,
///   and for any two runs on one kind of device
/// Source: mutual relations: stated; all pairs of a batch, and the choice of phi: ours.
template <class Policy, class S, class T, class L, class Penalty = absolute,
          class Relation = cosine, class Keep = other_rows>
void relation_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                   scalar_view<L> loss, Penalty penalty = {}, Relation relation = {},
                   Keep keep = {}) {
  detail::device_call<Policy> const call("relation_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("relation_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "relation_loss", student, teacher, loss, detail::no_gradient{},
                             difference_law<Penalty>(penalty),
                             detail::product_relation("relation_loss", relation), keep);
}

/// @brief relation_loss and its gradient with respect to the student, [n, d_s], overwritten. The
/// loss has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Penalty = absolute,
          class Relation = cosine, class Keep = other_rows>
void relation_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                   scalar_view<L> loss, matrix_view<G> student_gradient, Penalty penalty = {},
                   Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("relation_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("relation_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "relation_loss", student, teacher, loss, student_gradient,
                             difference_law<Penalty>(penalty),
                             detail::product_relation("relation_loss", relation), keep);
}

/// @brief MRD of a batch with the rows of a bank.
///
/// L = 1/M sum_{i, c} phi( R(s_i, h_c) - R(t_i, g_c) ) over the M pairs that `keep` keeps.
///
/// @param student_bank [m, d_s], @param teacher_bank [m, d_t] h and g, aligned; may be one matrix
/// @param keep every_row (default), other_labels, other_classes, or your own
/// @complexity O(n m (d_s + d_t)): a product for each side, and another one for the gradient
/// @scratch two copies of the batch's rows and one of 1,024 rows of the banks, the gradient, and
///   32 KiB for each of at most 32 lanes. On CUDA: one copy of the batch's rows and of 2,048 rows
///   of the banks, the gradient, and 48 MiB, or 64 MiB in double
/// Everything else as above.
template <class Policy, class S, class T, class H, class B, class L, class Penalty = absolute,
          class Relation = cosine, class Keep = every_row>
void relation_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                   matrix_view<H> student_bank, matrix_view<B> teacher_bank, scalar_view<L> loss,
                   Penalty penalty = {}, Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("relation_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("relation_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("relation_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("relation_loss", "teacher_bank", B);
  detail::pair_loss_with_bank(policy, "relation_loss", student, teacher, student_bank, teacher_bank,
                              loss, detail::no_gradient{}, difference_law<Penalty>(penalty),
                              detail::product_relation("relation_loss", relation), keep);
}

/// @brief The same with the gradient with respect to the student, [n, d_s], overwritten.
template <class Policy, class S, class T, class H, class B, class L, class G,
          class Penalty = absolute, class Relation = cosine, class Keep = every_row>
void relation_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                   matrix_view<H> student_bank, matrix_view<B> teacher_bank, scalar_view<L> loss,
                   matrix_view<G> student_gradient, Penalty penalty = {}, Relation relation = {},
                   Keep keep = {}) {
  detail::device_call<Policy> const call("relation_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("relation_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("relation_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("relation_loss", "teacher_bank", B);
  detail::pair_loss_with_bank(policy, "relation_loss", student, teacher, student_bank, teacher_bank,
                              loss, student_gradient, difference_law<Penalty>(penalty),
                              detail::product_relation("relation_loss", relation), keep);
}

COUPLEFACE_NAMESPACE_END
