// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::relation_matrix: a CUDA policy needs a translation unit compiled by nvcc
#include <coupleface/relation.hpp>

#include <thrust/execution_policy.h>

// Thrust's own CUDA policy needs the toolkit's headers; like it, this one is no host policy.
struct device_policy : thrust::execution_policy<device_policy> {};

#ifdef COUPLEFACE_WITH_ERROR
device_policy const policy;
#else
constexpr auto const& policy = thrust::seq;
#endif

void call(coupleface::matrix_view<float> a, coupleface::matrix_view<float> b,
          coupleface::matrix_view<float> relations) {
  coupleface::relation_matrix(policy, a, b, relations);
}
