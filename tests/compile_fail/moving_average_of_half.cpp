// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::feature_bank: moving_average needs float or double entries
#include <coupleface/feature_bank.hpp>

#include <thrust/execution_policy.h>

#include <cstdint>

#ifdef COUPLEFACE_WITH_ERROR
using element = coupleface::float16;
#else
using element = float;
#endif

void call(coupleface::feature_bank<element, coupleface::moving_average>& bank,
          coupleface::vector_view<std::int32_t> labels, coupleface::matrix_view<float> batch) {
  bank.update(thrust::seq, labels, batch);
}
