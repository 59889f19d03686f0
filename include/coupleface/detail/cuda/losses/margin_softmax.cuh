// SPDX-License-Identifier: Apache-2.0
// coupleface: margin softmax on a CUDA device.
#pragma once

#include <coupleface/detail/cuda/losses/softmax_walks.cuh>
#include <coupleface/detail/losses/margin_softmax.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived, class E, class W, class Targets, class L, class Gradient,
          class WeightGradient, class Margin, class Logits>
void margin_softmax_loss(cuda_policy<Derived> const& base, matrix_view<E const> embeddings,
                         matrix_view<W const> weights, Targets targets, scalar_view<L> loss,
                         Gradient gradient, WeightGradient weight_gradient, Margin margin, Logits) {
  expect_valid("margin_softmax_loss", "a setting of the margin is out of range", margin);
  using acc =
      std::conditional_t<std::is_same_v<E, double> || std::is_same_v<W, double>, double, float>;
  device_softmax<Logits, Derived, acc, E, W, Targets> softmax(
      static_cast<Derived const&>(base), embeddings, weights, targets, margin.scale);
  softmax.value(margin, loss);
  if constexpr (!std::is_same_v<Gradient, no_gradient>) {
    softmax.gradients(gradient, weight_gradient);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
