// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::mine_relative_margin: positives must have signed integer elements
#include <coupleface/mining/relative_margin.hpp>

#include <thrust/execution_policy.h>

#include <cstdint>

#ifdef COUPLEFACE_WITH_ERROR
using id = float;
#else
using id = std::int64_t;
#endif

void call(coupleface::matrix_view<float const> x, coupleface::vector_view<id> positives,
          coupleface::matrix_view<float> values, coupleface::matrix_view<int> indices) {
  coupleface::mine_relative_margin(thrust::seq, x, x, positives, 0.05, values, indices);
}
