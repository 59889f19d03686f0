// SPDX-License-Identifier: Apache-2.0
// What a user's first program does: includes the umbrella and calls one function.
#include <coupleface/coupleface.hpp>

#include <thrust/execution_policy.h>

#include <cmath>

int main() {
  float x[] = {3, 4};
  coupleface::matrix_view<float> const view(x, 1, 2);
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
  auto const policy = thrust::host;  // a unit that nvcc does not compile has no kernels
#else
  auto const policy = thrust::device;
#endif
  coupleface::normalize_rows(policy, view, view);
  return std::fabs(x[0] - 0.6f) < 1e-6f && std::fabs(x[1] - 0.8f) < 1e-6f ? 0 : 1;
}
