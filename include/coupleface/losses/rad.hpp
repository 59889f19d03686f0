// SPDX-License-Identifier: Apache-2.0
// coupleface: relation-aware distillation: a penalty on the student's relations beside the
// teacher's.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/check_rad.hpp>
#include <coupleface/detail/losses/rad.hpp>
#include <coupleface/error.hpp>
#include <coupleface/losses/class_neighbours.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/penalty.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Relation-aware distillation (RAD).
///
/// L = 1/M sum_i sum_k phi( cos(s_i, g_c) - cos(t_i, g_c) ), c = neighbours(i, k), over the M
/// entries that are not -1; 0 if M = 0. A row of norm 0 has relation 0. NaN or infinite input that
/// an entry reaches makes the loss NaN. On CUDA a label or an entry out of range does so too.
///
/// @param policy any Thrust execution policy
/// @param student, teacher [n, d] embeddings of any length
/// @param bank [C, d] one embedding for each class, of any length: prototypes or a feature_bank's
///   view
/// @param neighbours [n, K] rows of `bank` for every sample, or class_neighbours(labels, table)
/// @param loss one float or double in the policy's memory, overwritten
/// @param penalty phi: hinge{q} (default), absolute, squared, smooth_l1, dead_zone, or your own
/// @throws std::invalid_argument if shapes do not fit or, on the host, a label or an entry is out
///   of range; before anything is written
/// @complexity O(n K d), each gathered row is read from memory once
/// @scratch 8 n bytes and at most 3 rows of doubles for each of at most 64 lanes; on CUDA 12 n + 8,
///   and, with a gradient wider than about 2,900, 8 d for each of at most 4096 blocks
/// @determinism bit-identical for any policy and thread count
/// Source: "Relation-Aware Distillation": stated; the one-sided hinge and q: reconstructed.
template <class Policy, class S, class T, class B, class N, class L, class Penalty = hinge,
          detail::enable_if_penalty<Penalty> = 0>
void rad_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              matrix_view<B> bank, N neighbours, scalar_view<L> loss, Penalty penalty = {}) {
  detail::device_call<Policy> const call("rad_loss");
  detail::check_rad<Policy>(student, teacher, bank, detail::shared_bank{}, neighbours, loss,
                            detail::no_gradient{});
  detail::rad_loss(policy, student, teacher, bank, detail::shared_bank{}, neighbours, loss,
                   detail::no_gradient{}, penalty);
}

/// @brief rad_loss and its gradient with respect to the student, [n, d], overwritten.
///
/// d L / d s_i = (g - (g . s^) s^) / ||s_i||, g = 1/M sum_k phi'(.) g^_c; 0 for a row of norm 0.
/// The loss equals the value-only form's bit for bit.
template <class Policy, class S, class T, class B, class N, class L, class G, class Penalty = hinge>
void rad_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              matrix_view<B> bank, N neighbours, scalar_view<L> loss,
              matrix_view<G> student_gradient, Penalty penalty = {}) {
  detail::device_call<Policy> const call("rad_loss");
  detail::check_rad<Policy>(student, teacher, bank, detail::shared_bank{}, neighbours, loss,
                            student_gradient);
  detail::rad_loss(policy, student, teacher, bank, detail::shared_bank{}, neighbours, loss,
                   student_gradient, penalty);
}

/// @brief RAD for different student and teacher widths: each is related to its own half of a bank.
///
/// L = 1/M sum phi( cos(s_i, h_c) - cos(t_i, g_c) ), h = student_bank [C, d_s], g = teacher_bank
/// [C, d_t], aligned by class. Everything else as above.
template <class Policy, class S, class T, class H, class B, class N, class L, class Penalty = hinge,
          detail::enable_if_penalty<Penalty> = 0>
void rad_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              matrix_view<H> student_bank, matrix_view<B> teacher_bank, N neighbours,
              scalar_view<L> loss, Penalty penalty = {}) {
  detail::device_call<Policy> const call("rad_loss");
  detail::check_rad<Policy>(student, teacher, student_bank, teacher_bank, neighbours, loss,
                            detail::no_gradient{});
  detail::rad_loss(policy, student, teacher, student_bank, teacher_bank, neighbours, loss,
                   detail::no_gradient{}, penalty);
}

/// @brief The same with the gradient with respect to the student, [n, d_s], overwritten.
template <class Policy, class S, class T, class H, class B, class N, class L, class G,
          class Penalty = hinge>
void rad_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              matrix_view<H> student_bank, matrix_view<B> teacher_bank, N neighbours,
              scalar_view<L> loss, matrix_view<G> student_gradient, Penalty penalty = {}) {
  detail::device_call<Policy> const call("rad_loss");
  detail::check_rad<Policy>(student, teacher, student_bank, teacher_bank, neighbours, loss,
                            student_gradient);
  detail::rad_loss(policy, student, teacher, student_bank, teacher_bank, neighbours, loss,
                   student_gradient, penalty);
}

COUPLEFACE_NAMESPACE_END
