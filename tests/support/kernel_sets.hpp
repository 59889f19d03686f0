// SPDX-License-Identifier: Apache-2.0
// Runs a test with every set of kernels that this machine supports.
#pragma once

#include <coupleface/kernels.hpp>

#include <gtest/gtest.h>

namespace coupleface_test {

/// Calls f() with each set in use, the portable one first.
template <class Function>
void for_each_kernel_set(Function f) {
#if COUPLEFACE_KERNEL_SETS
  namespace detail = coupleface::detail;
  int const before = int(detail::kernels_in_use());
  for (int set = 0; set <= int(detail::best_kernels()); ++set) {
    detail::chosen_kernels = set;
    SCOPED_TRACE(coupleface::kernels());
    f();
  }
  detail::chosen_kernels = before;
#else
  f();
#endif
}

}  // namespace coupleface_test
