// SPDX-License-Identifier: Apache-2.0
// coupleface: margin softmax, host side: its products chosen by type.
#pragma once

#include <coupleface/detail/losses/bfloat16_operands.hpp>
#include <coupleface/detail/losses/softmax_targets.hpp>
#include <coupleface/detail/losses/softmax_walks.hpp>
#include <coupleface/detail/settings.hpp>

#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived, class E, class W, class Targets, class L, class Gradient,
          class WeightGradient, class Margin, class Logits>
void margin_softmax_loss(host_policy<Derived> const& base, matrix_view<E const> embeddings,
                         matrix_view<W const> weights, Targets targets, scalar_view<L> loss,
                         Gradient gradient, WeightGradient weight_gradient, Margin margin, Logits) {
  auto const& policy = static_cast<Derived const&>(base);
  expect_valid("margin_softmax_loss", "a setting of the margin is out of range", margin);
  targets.expect_in_range("margin_softmax_loss", weights.extent(0));
  using kept = std::bool_constant<Logits::kept>;
  using acc =
      std::conditional_t<std::is_same_v<E, double> || std::is_same_v<W, double>, double, float>;
  auto const compute = [&](auto operands) {
    softmax_by<decltype(operands), kept>(policy, embeddings, weights, targets, loss, gradient,
                                         weight_gradient, margin);
  };
  if constexpr (has_bfloat16_products<Logits>) {
#if COUPLEFACE_VECTORS
    if (kernels_in_use() >= kernel_set::avx512_bf16) { return compute(bfloat16_operands()); }
#endif
    compute(panel_operands<acc, true>());
  } else {
    compute(panel_operands<acc>());
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/losses/margin_softmax.cuh>
#endif
