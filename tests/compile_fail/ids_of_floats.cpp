// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::top_k: indices must have signed integer elements
#include <coupleface/top_k.hpp>

#include <thrust/execution_policy.h>

#include <cstdint>

#ifdef COUPLEFACE_WITH_ERROR
using id = float;
#else
using id = std::int32_t;
#endif

void call(coupleface::matrix_view<float> scores, coupleface::matrix_view<float> values,
          coupleface::matrix_view<id> indices) {
  coupleface::top_k(thrust::seq, scores, values, indices);
}
