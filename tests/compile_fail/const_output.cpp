// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::normalize_rows: y must not be const
#include <coupleface/normalize.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using output = float const;
#else
using output = float;
#endif

void call(coupleface::matrix_view<float> x, coupleface::matrix_view<output> y) {
  coupleface::normalize_rows(thrust::seq, x, y);
}
