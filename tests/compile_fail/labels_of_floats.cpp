// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::class_prototypes: labels must have signed integer elements
#include <coupleface/prototypes.hpp>

#include <thrust/execution_policy.h>

#include <cstdint>

#ifdef COUPLEFACE_WITH_ERROR
using label = float;
#else
using label = std::int32_t;
#endif

void call(coupleface::matrix_view<float> features, coupleface::vector_view<label> labels,
          coupleface::matrix_view<float> prototypes) {
  coupleface::class_prototypes(thrust::seq, features, labels, prototypes);
}
