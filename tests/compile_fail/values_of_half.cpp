// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::mine_nearest: values must be a view of float or double
#include <coupleface/mining/nearest.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using value = coupleface::float16;
#else
using value = float;
#endif

void call(coupleface::matrix_view<float const> x, coupleface::matrix_view<value> values,
          coupleface::matrix_view<int> indices) {
  coupleface::mine_nearest(thrust::seq, x, x, values, indices);
}
