// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::fcd_loss: student_gradient must not be const
#include <coupleface/losses/fcd.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using gradient = float const;
#else
using gradient = float;
#endif

void call(coupleface::matrix_view<float> student, coupleface::matrix_view<float> teacher,
          coupleface::scalar_view<float> loss, coupleface::matrix_view<gradient> out) {
  coupleface::fcd_loss(thrust::seq, student, teacher, loss, out);
}
