// SPDX-License-Identifier: Apache-2.0
// coupleface: evaluation-oriented knowledge distillation: student and teacher accept the same
// pairs at the thresholds of an evaluation.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/ekd.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/ekd.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Evaluation-oriented knowledge distillation (EKD) over all pairs of a labelled batch.
///
/// L = w_p / P sum_{positives} ( r_s(s_ij) - r_t(t_ij) )^2
///   + w_n / H' sum_{hardest negatives} ( r_s(s_ij) - r_t(t_ij) )^2,
/// r(x) = sum_k sigmoid( (x - a_k) / tau ),
/// where s_ij and t_ij are cosines, the P positives the pairs i < j of rows with equal labels, and
/// the negatives those with different labels, of which the H' = min(H, N) with the largest s_ij
/// count, ties to the smaller (i, j). A term without pairs is 0. A row of norm 0 has cosine 0.
///
/// Thresholds: of N negatives, floor(N / 10^k) exceed a_k of this batch (k = 1 ... 6, fewer if
/// there are ties), for student and teacher on their own. A k with N < 10^k has none here. The loss
/// takes moving averages, (1 - momentum) old + momentum new, or the new value if there is no old
/// one, and takes them as constants; a k that never had a value is left out. `thresholds.known`
/// tells how many count: all 6 only after a call with a million negatives, for which a batch needs
/// some 1,415 rows. Cosines are ordered in steps of 2^-29.
///
/// NaN or infinite input makes the loss and its gradient NaN, and leaves the thresholds; in a row
/// that is in no pair it changes nothing.
///
/// @param policy any Thrust execution policy. On CUDA the call waits for the counts of each walk,
///   so that it cannot be captured in a graph
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param labels [n] signed integers, -1: the row is in no pair
/// @param thresholds the moving averages in host memory, updated; copy them to evaluate one batch
///   twice
/// @param loss one float or double in the policy's memory, overwritten
/// @param settings tau, momentum, w_p, w_n and H
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^2 (d_s + d_t)): half a product of all pairs for each side to count scores,
///   another one to list those near thresholds, and another one, with the gradient's, over blocks
///   that hold positives; up to two more to count where over 2^19 pairs lie near thresholds. On
///   CUDA: half a product for each side to count, three times, another one with the gradient's
///   two, and one more if only some negatives of one key are among the hardest; of up to 1,024 rows
///   one product serves all
/// @scratch two copies of each side and the gradient in float, or in double if a side is; 8 bytes
///   a label; for each of at most 16 lanes a tile of up to 288 KiB, or 544 KiB in double, 66 KiB of
///   counts and at most H pairs of 40 bytes; once 66 KiB, 2 MiB of scores and 48 H bytes; nothing
///   grows with n^2. On CUDA: one copy of each side, the gradient, 16 bytes a row, and 49 MiB, or
///   65 MiB in double
/// @determinism bit-identical for any policy of the host and thread count, with one set of kernels,
///   and for any two runs on one kind of device
/// Source: stated (Huang et al., CVPR 2022, and its authors' code: settings, thresholds, moving
/// averages); unused thresholds (the code takes the largest score), means over the pairs, and ties:
/// ours.
template <class Policy, class S, class T, class N, class L>
void ekd_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              vector_view<N> labels, ekd_thresholds& thresholds, scalar_view<L> loss,
              ekd_settings settings = {}) {
  detail::device_call<Policy> const call("ekd_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("ekd_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_IDS("ekd_loss", "labels", N);
  detail::ekd_of_batch(policy, student, teacher, labels, thresholds, loss, detail::no_gradient{},
                       settings);
}

/// @brief ekd_loss and its gradient with respect to the student, [n, d_s], overwritten. The loss
/// has the bits of the value-only form.
template <class Policy, class S, class T, class N, class L, class G>
void ekd_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              vector_view<N> labels, ekd_thresholds& thresholds, scalar_view<L> loss,
              matrix_view<G> student_gradient, ekd_settings settings = {}) {
  detail::device_call<Policy> const call("ekd_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("ekd_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_IDS("ekd_loss", "labels", N);
  detail::ekd_of_batch(policy, student, teacher, labels, thresholds, loss, student_gradient,
                       settings);
}

/// @brief EKD of a labelled batch with the rows of a labelled bank: all pairs (i, c) of a row with
/// one of the bank, so that few rows reach the thresholds of rare false accepts.
///
/// A bank that holds the batch's own rows has them as positives.
///
/// @param student_bank [m, d_s], @param teacher_bank [m, d_t] aligned; may be one matrix
/// @param bank_labels [m] signed integers, -1: the row is in no pair
/// @complexity O(n m (d_s + d_t)): as above, with whole products, one of them for the gradient
/// @scratch two copies of the batch's rows and one of 1,024 rows of the banks, the gradient, 8
///   bytes a label; for each of at most 32 lanes 32 KiB, 66 KiB of counts and at most H pairs of 40
///   bytes; once 66 KiB, 2 MiB of scores and 24 H bytes. On CUDA: one copy of the batch's rows and
///   of 2,048 rows of the banks, the gradient, 16 bytes a row, 8 a row of the banks, and 49 MiB, or
///   65 MiB in double
/// Everything else as above.
template <class Policy, class S, class T, class N, class H, class B, class M, class L>
void ekd_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              vector_view<N> labels, matrix_view<H> student_bank, matrix_view<B> teacher_bank,
              vector_view<M> bank_labels, ekd_thresholds& thresholds, scalar_view<L> loss,
              ekd_settings settings = {}) {
  detail::device_call<Policy> const call("ekd_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("ekd_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_IDS("ekd_loss", "labels", N);
  COUPLEFACE_EXPECT_ELEMENTS("ekd_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("ekd_loss", "teacher_bank", B);
  COUPLEFACE_EXPECT_IDS("ekd_loss", "bank_labels", M);
  detail::ekd_with_bank(policy, student, teacher, labels, student_bank, teacher_bank, bank_labels,
                        thresholds, loss, detail::no_gradient{}, settings);
}

/// @brief The same with the gradient with respect to the student, [n, d_s], overwritten.
template <class Policy, class S, class T, class N, class H, class B, class M, class L, class G>
void ekd_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              vector_view<N> labels, matrix_view<H> student_bank, matrix_view<B> teacher_bank,
              vector_view<M> bank_labels, ekd_thresholds& thresholds, scalar_view<L> loss,
              matrix_view<G> student_gradient, ekd_settings settings = {}) {
  detail::device_call<Policy> const call("ekd_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("ekd_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_IDS("ekd_loss", "labels", N);
  COUPLEFACE_EXPECT_ELEMENTS("ekd_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("ekd_loss", "teacher_bank", B);
  COUPLEFACE_EXPECT_IDS("ekd_loss", "bank_labels", M);
  detail::ekd_with_bank(policy, student, teacher, labels, student_bank, teacher_bank, bank_labels,
                        thresholds, loss, student_gradient, settings);
}

COUPLEFACE_NAMESPACE_END
