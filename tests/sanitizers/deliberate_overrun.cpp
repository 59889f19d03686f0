// SPDX-License-Identifier: Apache-2.0
// A write past the end of an array: a build for AddressSanitizer must report it, or its silence
// about the library says nothing.
#include <cstddef>
#include <cstdio>
#include <vector>

int main(int count, char**) {
  std::vector<int> values(4);
  values.data()[static_cast<std::size_t>(count) + 3] = 1;
  std::printf("%d\n", values[0]);
}
