// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::top_k: values cannot hold every score exactly
#include <coupleface/top_k.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using value = float;
#else
using value = double;
#endif

void call(coupleface::matrix_view<double> scores, coupleface::matrix_view<value> values,
          coupleface::matrix_view<int> indices) {
  coupleface::top_k(thrust::seq, scores, values, indices);
}
