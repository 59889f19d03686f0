// SPDX-License-Identifier: Apache-2.0
// A data race between OpenMP threads: a build for ThreadSanitizer must report it, or its silence
// about the library says nothing.
#include <cstdio>

int main() {
  int sum = 0;
#pragma omp parallel for num_threads(4)
  for (int i = 0; i < 100000; ++i) { sum += i; }
  std::printf("%d\n", sum);
}
