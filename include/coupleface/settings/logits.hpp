// SPDX-License-Identifier: Apache-2.0
// coupleface: how margin_softmax_loss computes its logits and its products.
#pragma once

#include <coupleface/config.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Logits are computed for the value and again for the gradients.
struct recompute_logits {
  static constexpr bool kept = false;
};

/// @brief Logits are computed once and kept from the value to the gradients: one matrix product
/// less, [n, C] more scratch, the same bits.
struct keep_logits {
  static constexpr bool kept = true;
};

/// @brief Matrix products of bfloat16: of the unit embeddings, unit weights and slopes, each
/// rounded to 8 bits, summed in float. Not for rows of double.
///
/// The error of a logit is at most delta = scale (2^-7 + 2^-16), but for rounding errors in float;
/// about scale 2^-9 / sqrt(d) is usual. The right class's logit and its terms of the gradients are
/// computed as without. The loss is wrong by at most delta; a slope by a factor of at most
/// exp(2 delta), and the other classes' terms of a gradient by 2^-6 of their magnitudes more. About
/// 0.15 % of a gradient's norm is usual. On CUDA only the logits' products are of bfloat16.
///
/// The kernels "avx512_bf16" multiply bfloat16 at twice the rate of float, and so does cuBLAS on
/// compute capability 8.0 or higher. Other host kernels round alike and multiply in float, which is
/// no faster. Bits are the same for any policy and thread count, not for all kernels.
/// Scratch is that of Logits, and at most 136 KiB more for each lane.
/// @tparam Logits recompute_logits or keep_logits
template <class Logits = recompute_logits>
struct bfloat16_products {
  static constexpr bool kept = Logits::kept;
};

COUPLEFACE_NAMESPACE_END
