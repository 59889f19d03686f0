// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::mine_nearest: indices must have signed integer elements
#include <coupleface/mining/nearest.hpp>

#include <thrust/execution_policy.h>

#include <cstdint>

#ifdef COUPLEFACE_WITH_ERROR
using id = std::uint32_t;
#else
using id = std::int64_t;
#endif

void call(coupleface::matrix_view<float const> x, coupleface::matrix_view<float> values,
          coupleface::matrix_view<id> indices) {
  coupleface::mine_nearest(thrust::seq, x, x, values, indices);
}
