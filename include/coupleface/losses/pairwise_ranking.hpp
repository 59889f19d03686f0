// SPDX-License-Identifier: Apache-2.0
// coupleface: pairwise ranking distillation: the student's distances are in the teacher's order.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/pairwise_ranking.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/ranking.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Pairwise ranking distillation (PWR).
///
/// L = 1/M sum_{a, b} psi( s_a - s_b, t_a - t_b ) over the M sampled pairs {a, b} of pairs of rows,
/// a the one with the larger teacher distance: s_a, t_a = the distance || x^_i - x^_k || of the
/// unit rows of pair a = {i, k}. Pairs with equal teacher distances do not count; without any, the
/// loss is 0. A row of norm 0 counts as the zero vector, and has gradient 0; equal rows pull each
/// other nowhere. NaN or infinite input makes the loss NaN.
///
/// @param policy any Thrust execution policy of the host
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param loss one float or double, overwritten
/// @param ranking psi: exponential_ranking (default), power_ranking, logistic_ranking, or your own
/// @param sample how many pairs each pair is compared with, and the seed. Give each batch another
///   seed
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^2 (d_s + d_t + comparisons))
/// @scratch 40 n^2 bytes and 16 n max(d_s, d_t)
/// @determinism bit-identical for any policy and thread count, with one set of kernels
/// Source: stated (PWR, Nikitin et al.); sampling: ours.
template <class Policy, class S, class T, class L, class Ranking = exponential_ranking>
void pairwise_ranking_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                           scalar_view<L> loss, Ranking ranking = {}, ranking_sample sample = {}) {
  detail::device_call<Policy> const call("pairwise_ranking_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pairwise_ranking_loss", Policy, S, T, L);
  detail::ranking_loss_of_batch(policy, student, teacher, loss, detail::no_gradient{}, ranking,
                                sample);
}

/// @brief pairwise_ranking_loss and its gradient with respect to the student, [n, d_s],
/// overwritten. The loss has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Ranking = exponential_ranking>
void pairwise_ranking_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                           scalar_view<L> loss, matrix_view<G> student_gradient,
                           Ranking ranking = {}, ranking_sample sample = {}) {
  detail::device_call<Policy> const call("pairwise_ranking_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pairwise_ranking_loss", Policy, S, T, L);
  detail::ranking_loss_of_batch(policy, student, teacher, loss, student_gradient, ranking, sample);
}

COUPLEFACE_NAMESPACE_END
