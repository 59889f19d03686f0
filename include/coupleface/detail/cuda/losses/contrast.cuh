// SPDX-License-Identifier: Apache-2.0
// coupleface: a softmax over a queue's rows and the right row of each student row, on a CUDA
// device.
#pragma once

#include <coupleface/detail/cuda/losses/softmax_walks.cuh>
#include <coupleface/detail/losses/contrast.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class T, class Keep>
COUPLEFACE_HOST_DEVICE index_t trusted_column(queue_targets<T, Keep> const& targets, index_t i,
                                              index_t) {
  return targets.column(i);
}

template <class Derived, class S, class T, class Q, class L, class Gradient, class Keep>
void contrast_loss(cuda_policy<Derived> const& base, matrix_view<S const> student,
                   matrix_view<Q const> queue, queue_targets<T, Keep> targets, scalar_view<L> loss,
                   Gradient gradient, cosine_margin margin) {
  device_softmax<recompute_logits, Derived, contrast_accumulator<S, T, Q>, S, Q,
                 queue_targets<T, Keep>>
      softmax(static_cast<Derived const&>(base), student, queue, targets, margin.scale);
  softmax.value(margin, loss);
  if constexpr (!std::is_same_v<Gradient, no_gradient>) {
    softmax.gradients(gradient, no_gradient{});
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
