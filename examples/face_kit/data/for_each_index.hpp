// SPDX-License-Identifier: Apache-2.0
// A parallel loop whose body may throw.
#pragma once

#include <exception>
#include <limits>

namespace face_kit {

/// Calls f(0) .. f(n - 1), in parallel if OpenMP is on. Throws the exception of the smallest index,
/// so that the error for a bad file is the same on any number of threads.
template <class Function>
void for_each_index(int n, Function const& f) {
  std::exception_ptr first;
  int first_index = std::numeric_limits<int>::max();
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 16)
#endif
  for (int i = 0; i < n; ++i) {
    try {
      f(i);
    } catch (...) {
#ifdef _OPENMP
#pragma omp critical(face_kit_first_error)
#endif
      if (i < first_index) {
        first_index = i;
        first = std::current_exception();
      }
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace face_kit
