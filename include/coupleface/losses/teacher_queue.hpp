// SPDX-License-Identifier: Apache-2.0
// coupleface: contrast with a queue: each student embedding is nearer to its teacher's than to
// teacher embeddings of earlier samples.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/contrast.hpp>
#include <coupleface/keep.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Contrast with a queue of teacher embeddings (QUD).
///
/// L = 1/n sum_i -log( e^{cos(s_i, t_i) / tau} / (e^{cos(s_i, t_i) / tau} + sum_q e^{cos(s_i, q) /
/// tau}) ), the sum over the rows q of the queue that `keep` keeps for sample i. A sample that
/// keeps none has loss 0; so has an empty queue. Without rows the loss is 0. Small losses keep
/// their digits: the loss is log(1 + S) of the others' sum S. A row of norm 0 has cosine 0. NaN or
/// infinite input makes the loss NaN, except in rows of the queue that no sample keeps: these do
/// not count.
///
/// @param policy any Thrust execution policy
/// @param student [n, d], @param teacher [n, d] embeddings of any length
/// @param queue [m, d] teacher embeddings of earlier samples, of any length: teacher_queue.hpp
///   has a container. Read it before the batch enters.
/// @param loss one float or double in the policy's memory, overwritten
/// @param temperature tau > 0
/// @param keep every_row (default), not_same_label, which leaves out the sample's own class,
///   other_labels, or your own
/// @throws std::invalid_argument if shapes do not fit or the temperature is not positive, before
///   anything is written
/// @complexity O(n m d): a product for the value and two more for the gradient
/// @scratch a copy of the batch, and for each of at most 16 lanes (one for 128 rows of the queue)
///   256 unit rows and 512 x 128 logits, with the gradient also a copy of the batch; in float, or
///   in double if an input is. On CUDA: two copies of the batch, 16 n ceil(m / 4096) and 44 n
///   bytes, 32 MiB for cuBLAS, and at most 4,096 unit rows and 2,048 x 4,096 logits
/// @determinism bit-identical for any policy of the host and thread count, with one set of kernels,
///   and for any two runs on one kind of device
/// Source: stated (QUD, BMVC 2024: tau = 0.1, m = 1,024); leaving out the own class: ours.
template <class Policy, class S, class T, class Q, class L, class Keep = every_row>
void teacher_queue_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                        matrix_view<Q> queue, scalar_view<L> loss, double temperature = 0.1,
                        Keep keep = {}) {
  detail::device_call<Policy> const call("teacher_queue_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("teacher_queue_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("teacher_queue_loss", "queue", Q);
  detail::contrast_loss_with(policy, "teacher_queue_loss", student, teacher, queue, loss,
                             detail::no_gradient{}, temperature, keep);
}

/// @brief teacher_queue_loss and its gradient with respect to the student, [n, d], overwritten. The
/// loss has the bits of the value-only form.
template <class Policy, class S, class T, class Q, class L, class G, class Keep = every_row>
void teacher_queue_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                        matrix_view<Q> queue, scalar_view<L> loss, matrix_view<G> student_gradient,
                        double temperature = 0.1, Keep keep = {}) {
  detail::device_call<Policy> const call("teacher_queue_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("teacher_queue_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("teacher_queue_loss", "queue", Q);
  detail::contrast_loss_with(policy, "teacher_queue_loss", student, teacher, queue, loss,
                             student_gradient, temperature, keep);
}

COUPLEFACE_NAMESPACE_END
