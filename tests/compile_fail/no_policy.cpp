// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::relation_matrix: the first argument must be a Thrust execution policy
#include <coupleface/relation.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
constexpr int policy = 1;
#else
constexpr auto const& policy = thrust::seq;
#endif

void call(coupleface::matrix_view<float> a, coupleface::matrix_view<float> b,
          coupleface::matrix_view<float> relations) {
  coupleface::relation_matrix(policy, a, b, relations);
}
