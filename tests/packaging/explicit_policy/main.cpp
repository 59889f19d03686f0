// SPDX-License-Identifier: Apache-2.0
// Thrust first, as in docs/own_trainer.md: no header of coupleface can set a macro for it.
#include <thrust/execution_policy.h>

#include <coupleface/coupleface.hpp>

#if __has_include(<cuda_runtime_api.h>)
#error "this consumer is there to do without the headers of CUDA"
#endif

int main() {
  float x[] = {3, 4};
  coupleface::matrix_view<float> const view(x, 1, 2);
  coupleface::normalize_rows(thrust::seq, view, view);
  return x[0] > 0.59f && x[0] < 0.61f ? 0 : 1;
}
