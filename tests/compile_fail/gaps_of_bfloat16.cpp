// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::mine_gap: values must be a view of float or double
#include <coupleface/mining/gap.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using value = coupleface::bfloat16;
#else
using value = double;
#endif

void call(coupleface::matrix_view<float const> student,
          coupleface::matrix_view<float const> teacher, coupleface::matrix_view<value> values,
          coupleface::matrix_view<int> indices) {
  coupleface::mine_gap(thrust::seq, student, student, teacher, teacher, values, indices);
}
