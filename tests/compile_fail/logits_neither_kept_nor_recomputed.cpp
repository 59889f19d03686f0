// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::margin_softmax_loss: logits must be recompute_logits, keep_logits or
#include <coupleface/losses/margin_softmax.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using choice = bool;
#else
using choice = coupleface::keep_logits;
#endif

void call(coupleface::matrix_view<float> rows, coupleface::vector_view<int> labels,
          coupleface::scalar_view<float> loss) {
  coupleface::margin_softmax_loss(thrust::seq, rows, rows, labels, loss, rows, rows,
                                  coupleface::arc_margin(), choice());
}
