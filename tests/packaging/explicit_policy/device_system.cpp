// SPDX-License-Identifier: Apache-2.0
// Compiled with several targets: what is thrust::device?
#include <thrust/detail/config.h>

static_assert(THRUST_DEVICE_SYSTEM == EXPECTED_SYSTEM);
