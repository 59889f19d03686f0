// SPDX-License-Identifier: Apache-2.0
// Fuzzes verification packs: any bytes give images within the file and labels, or a
// std::runtime_error. Seeds come from make_verification_seeds.
#include <coupleface/io/verification_pack.hpp>

#include "memory_file.hpp"

#include <algorithm>

namespace cf = coupleface;

namespace {
volatile unsigned sink;
}

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
  static memory_file file;
  try {
    cf::verification_pack const pack(file.put(data, size));
    if (pack.size() != 2 * pack.pairs()) { std::abort(); }
    // The memo may name one long image many times.
    for (cf::index_t i = 0; i < std::min<cf::index_t>(pack.size(), 100); ++i) {
      auto const sample = pack.sample(i);
      if (sample.label != 0 && sample.label != 1) { std::abort(); }
      for (cf::index_t k = 0; k < sample.bytes.extent(0); ++k) { sink = sample.bytes(k); }
    }
  } catch (std::runtime_error const&) {}
  return 0;
}
