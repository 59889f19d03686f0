// SPDX-License-Identifier: Apache-2.0
// expects: coupleface::fcd_loss: loss must be a view of float or double
#include <coupleface/losses/fcd.hpp>

#include <thrust/execution_policy.h>

#ifdef COUPLEFACE_WITH_ERROR
using result = coupleface::float16;
#else
using result = double;
#endif

void call(coupleface::matrix_view<float> student, coupleface::matrix_view<float> teacher,
          coupleface::scalar_view<result> loss) {
  coupleface::fcd_loss(thrust::seq, student, teacher, loss);
}
