// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::normalize_rows: x must have elements of float, double, float16 or bfloat16
#include <coupleface/normalize.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using element = int;
#else
using element = coupleface::float16;
#endif

void call(coupleface::matrix_view<element> x, coupleface::matrix_view<float> y) {
  coupleface::normalize_rows(thrust::seq, x, y);
}
