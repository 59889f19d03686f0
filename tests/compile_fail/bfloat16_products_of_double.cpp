// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::margin_softmax_loss: bfloat16_products are not for rows of double
#include <coupleface/losses/margin_softmax.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using element = double;
#else
using element = float;
#endif

void call(coupleface::matrix_view<element> rows, coupleface::vector_view<int> labels,
          coupleface::scalar_view<float> loss) {
  coupleface::margin_softmax_loss(thrust::seq, rows, rows, labels, loss, rows, rows,
                                  coupleface::arc_margin(), coupleface::bfloat16_products<>());
}
