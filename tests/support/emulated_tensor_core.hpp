// SPDX-License-Identifier: Apache-2.0
// Test support: <coupleface/detail/cuda/tensor_core.cuh> on the host.
//
// A product of tiles takes its operands from the registers of a warp's threads, laid out as in the
// PTX manual. It rounds worse than any tensor core that has been examined: all seventeen terms of a
// sum are truncated to 24 bits below the largest of them, and so is their sum.
#pragma once

#include "simt.hpp"

#include <coupleface/element.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace coupleface_test {

inline double cut_to(double x, int lowest_bit) {
  return std::ldexp(std::trunc(std::ldexp(x, -lowest_bit)), lowest_bit);
}

/// sum + products, truncated.
inline float add_as_tensor_cores(float sum, double const (&products)[16]) {
  double largest = std::fabs(double(sum));
  bool finite = std::isfinite(sum);
  for (double const x : products) {
    largest = std::max(largest, std::fabs(x));
    finite = finite && std::isfinite(x);
  }
  if (!finite) { return std::nanf(""); }
  if (largest == 0) { return 0; }
  int const lowest_bit = std::max(std::ilogb(largest) - 23, -149);
  double total = cut_to(sum, lowest_bit);
  for (double const x : products) { total += cut_to(x, lowest_bit); }
  return total == 0 ? 0.0f : float(cut_to(total, std::max(std::ilogb(total) - 23, -149)));
}

struct tile_operands {
  std::uint32_t const* a;
  std::uint32_t const* b;
};

/// Indexed by the thread's number in the block.
inline std::vector<tile_operands>& operands_of_block() {
  static std::vector<tile_operands> operands(1024);
  return operands;
}

template <class Element>
double element_of_word(std::uint32_t word, int place) {
  Element element;
  std::uint16_t const bits = static_cast<std::uint16_t>(word >> (16 * place));
  std::memcpy(&element, &bits, sizeof element);
  return double(float(element));
}

}  // namespace coupleface_test

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

constexpr bool has_tile_products() { return true; }

template <class Element>
void multiply_tiles(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2]) {
  namespace emulation = ::coupleface_test;
  auto& block = emulation::block_emulator::here();
  auto& operands = emulation::operands_of_block();
  int const lane = block.thread() % 32, first = block.thread() - lane;
  operands[std::size_t(block.thread())] = {a, b};
  block.wait(emulation::pause::mask, 0xffffffffu, 0, 0);
  for (int e = 0; e < 4; ++e) {
    int const row = lane / 4 + 8 * (e / 2), column = lane % 4 * 2 + e % 2;
    double products[16];
    for (int k = 0; k < 16; ++k) {
      int const t = k % 8 / 2;
      auto const& left = operands[std::size_t(first + row % 8 * 4 + t)];
      auto const& right = operands[std::size_t(first + column * 4 + t)];
      products[k] = emulation::element_of_word<Element>(left.a[k / 8 * 2 + row / 8], k % 2) *
                    emulation::element_of_word<Element>(right.b[k / 8], k % 2);
    }
    d[e] = emulation::add_as_tensor_cores(d[e], products);
  }
  block.wait(emulation::pause::mask, 0xffffffffu, 0, 0);
}

inline void copy_to_shared(void* to, void const* from) {
  if (reinterpret_cast<std::uintptr_t>(to) % 16 != 0 ||
      reinterpret_cast<std::uintptr_t>(from) % 16 != 0) {
    throw std::logic_error("emulator: sixteen bytes that are not aligned");
  }
  std::memcpy(to, from, 16);
}
inline void end_copies() {}
template <int pending>
void wait_for_copies() {}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
