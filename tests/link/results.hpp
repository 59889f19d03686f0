// SPDX-License-Identifier: Apache-2.0
// What every unit of the link test computes from the same input: a digest of each function's
// outputs, to the bit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct digest {
  std::string of;
  std::uint64_t bits;
};
using digests = std::vector<digest>;
