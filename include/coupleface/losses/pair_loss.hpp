// SPDX-License-Identifier: Apache-2.0
// coupleface: a loss over pairs, by a law of your own.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/listed_pairs.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>
#include <coupleface/losses/class_neighbours.hpp>
#include <coupleface/pair_relation.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/pair_law.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief A law over all pairs of a batch.
///
/// L = 1/M sum_{i, j} law( R(s_i, s_j), R(t_i, t_j) ) over the M ordered pairs that `keep` keeps; 0
/// if there is none. A row of norm 0 has cosine 0. NaN or infinite input gives a law NaN.
///
/// @param policy any Thrust execution policy
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param loss one float or double in the policy's memory, overwritten
/// @param law see settings/pair_law.hpp and docs/own_loss.md
/// @param relation cosine (default), inner_product, euclidean_distance, gaussian_kernel,
///   taylor_kernel, or your own function of the cosine
/// @param keep which pairs count: other_rows (default), every_row, other_labels, or your own with
///   keep(i, j) == keep(j, i)
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^2 (d_s + d_t)): for each walk half a product of all pairs for each side, and one
///   product for the gradient. A law without sums takes one walk, with sums two, with back_sums
///   three
/// @scratch two copies of each side and the gradient in float, or in double if a side is, at most
///   288 KiB, or 544 KiB in double, for each of at most 16 lanes, and 8 n bytes for each of the
///   law's numbers. On CUDA: one copy of each side, the gradient, and 48 MiB, or 64 MiB in double
/// @determinism bit-identical for any policy of the host and thread count, with one set of kernels,
///   and for any two runs on one kind of device
/// Source: ours.
template <class Policy, class S, class T, class L, class Law, class Relation = cosine,
          class Keep = other_rows>
void pair_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
               scalar_view<L> loss, Law law, Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("pair_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pair_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "pair_loss", student, teacher, loss, detail::no_gradient{},
                             law, detail::product_relation("pair_loss", relation), keep);
}

/// @brief pair_loss and its gradient with respect to the student, [n, d_s], overwritten. The loss
/// has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Law, class Relation = cosine,
          class Keep = other_rows>
void pair_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
               scalar_view<L> loss, matrix_view<G> student_gradient, Law law,
               Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("pair_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pair_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "pair_loss", student, teacher, loss, student_gradient, law,
                             detail::product_relation("pair_loss", relation), keep);
}

/// @brief A law over all pairs of a batch's rows with a bank's: R(s_i, h_c) and R(t_i, g_c).
///
/// @param student_bank [m, d_s], @param teacher_bank [m, d_t] h and g, aligned; may be one matrix
/// @param keep every_row (default), other_labels, other_classes, or your own
/// @complexity O(n m (d_s + d_t)): for each walk a product for each side, another for the gradient
/// @scratch two copies of the batch's rows and one of 1,024 rows of the banks, the gradient, and
///   32 KiB for each of at most 32 lanes. On CUDA: one copy of the batch's rows and of 2,048 rows
///   of the banks, the gradient, and 48 MiB, or 64 MiB in double
/// Everything else as above.
template <class Policy, class S, class T, class H, class B, class L, class Law,
          class Relation = cosine, class Keep = every_row>
void pair_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
               matrix_view<H> student_bank, matrix_view<B> teacher_bank, scalar_view<L> loss,
               Law law, Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("pair_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pair_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("pair_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("pair_loss", "teacher_bank", B);
  detail::pair_loss_with_bank(policy, "pair_loss", student, teacher, student_bank, teacher_bank,
                              loss, detail::no_gradient{}, law,
                              detail::product_relation("pair_loss", relation), keep);
}

/// @brief The same with the gradient with respect to the student, [n, d_s], overwritten.
template <class Policy, class S, class T, class H, class B, class L, class G, class Law,
          class Relation = cosine, class Keep = every_row>
void pair_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
               matrix_view<H> student_bank, matrix_view<B> teacher_bank, scalar_view<L> loss,
               matrix_view<G> student_gradient, Law law, Relation relation = {}, Keep keep = {}) {
  detail::device_call<Policy> const call("pair_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pair_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("pair_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("pair_loss", "teacher_bank", B);
  detail::pair_loss_with_bank(policy, "pair_loss", student, teacher, student_bank, teacher_bank,
                              loss, student_gradient, law,
                              detail::product_relation("pair_loss", relation), keep);
}

/// @brief A law over listed pairs: of sample i with the bank rows neighbours(i, k).
///
/// L = 1/M sum_{i, k} law( R(s_i, h_c), R(t_i, g_c) ), c = neighbours(i, k), over the M entries
/// that are not -1; 0 if M = 0. Relations are canonical: exact products, summed in double. On CUDA
/// a label or an entry out of range makes the loss NaN. A sample without neighbours has gradient 0.
///
/// @param student_bank [m, d_s], @param teacher_bank [m, d_t] h and g, aligned; may be one matrix
/// @param neighbours [n, K] rows of the banks for every sample, or class_neighbours(labels, table)
/// @throws std::invalid_argument on the host also if a label or an entry is out of range
/// @complexity O(n K (d_s + d_t))
/// @scratch 16 n K bytes, 8 d_s bytes for each of at most 64 lanes, 8 n for each of the law's
///   numbers. On CUDA 8 n K and 4 n more, and the 8 d_s bytes for each of at most 4096 blocks
/// @determinism bit-identical for any policy, thread count and set of kernels, if the law and the
///   relation are: compilers fuse products in them, and a device has another std::exp
/// Everything else as above.
template <class Policy, class S, class T, class H, class B, class N, class L, class Law,
          class Relation = cosine>
void pair_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
               matrix_view<H> student_bank, matrix_view<B> teacher_bank, N neighbours,
               scalar_view<L> loss, Law law, Relation relation = {}) {
  detail::device_call<Policy> const call("pair_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pair_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("pair_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("pair_loss", "teacher_bank", B);
  detail::pair_loss_of_list(policy, "pair_loss", student, teacher, student_bank, teacher_bank,
                            neighbours, loss, detail::no_gradient{}, law,
                            detail::product_relation("pair_loss", relation));
}

/// @brief The same with the gradient with respect to the student, [n, d_s], overwritten.
template <class Policy, class S, class T, class H, class B, class N, class L, class G, class Law,
          class Relation = cosine>
void pair_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
               matrix_view<H> student_bank, matrix_view<B> teacher_bank, N neighbours,
               scalar_view<L> loss, matrix_view<G> student_gradient, Law law,
               Relation relation = {}) {
  detail::device_call<Policy> const call("pair_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pair_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("pair_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("pair_loss", "teacher_bank", B);
  detail::pair_loss_of_list(policy, "pair_loss", student, teacher, student_bank, teacher_bank,
                            neighbours, loss, student_gradient, law,
                            detail::product_relation("pair_loss", relation));
}

COUPLEFACE_NAMESPACE_END
