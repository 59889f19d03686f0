// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::rad_loss: loss must be a view of float or double
#include <coupleface/losses/rad.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using result = coupleface::bfloat16;
#else
using result = float;
#endif

void call(coupleface::matrix_view<float> x, coupleface::matrix_view<int> neighbours,
          coupleface::scalar_view<result> loss) {
  coupleface::rad_loss(thrust::seq, x, x, x, neighbours, loss);
}
