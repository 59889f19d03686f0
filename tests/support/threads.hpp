// SPDX-License-Identifier: Apache-2.0
// Test support: runs a call with a given number of threads of the backend under test.
#pragma once

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
#include <omp.h>
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
#include <tbb/global_control.h>
#endif

#include <cstddef>

namespace coupleface_test {

template <class Body>
void with_threads(int threads, Body body) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
  int const before = omp_get_max_threads();
  omp_set_num_threads(threads);
  body();
  omp_set_num_threads(before);
#elif THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_TBB
  tbb::global_control const limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(threads));
  body();
#else
  (void)threads;
  body();
#endif
}

}  // namespace coupleface_test
