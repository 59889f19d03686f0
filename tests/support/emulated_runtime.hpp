// SPDX-License-Identifier: Apache-2.0
// Test support: an emulated device on the host. It replaces <coupleface/detail/cuda/runtime.cuh>,
// so that the launches and kernels of detail/cuda/ run unchanged, compiled by g++.
//
// Device memory (device_memory.hpp) is inaccessible except during launches and copies: reading it
// on the host crashes, as it would with a device.
#pragma once

#include "device_memory.hpp"
#include "emulated_tensor_core.hpp"
#include "simt.hpp"

#include <coupleface/detail/device_launch_shape.hpp>
#include <coupleface/policy.hpp>

#include <thrust/detail/allocator_aware_execution_policy.h>
#include <thrust/detail/execute_with_allocator.h>
#include <thrust/execution_policy.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#define COUPLEFACE_UNROLL
#define COUPLEFACE_UNROLL_2
#define COUPLEFACE_UNROLL_4

namespace coupleface_test {

template <class Derived>
struct emulated_policy : thrust::execution_policy<Derived> {};

/// Replaces thrust::device in tests of the emulator.
struct emulated_device : emulated_policy<emulated_device>,
                         thrust::detail::allocator_aware_execution_policy<emulated_policy> {};

}  // namespace coupleface_test

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

namespace emulation = ::coupleface_test;

template <class Derived>
using cuda_policy = emulation::emulated_policy<Derived>;

template <class Derived, class Body>
void launch(cuda_policy<Derived> const&, launch_shape shape, Body const& body) {
  if (shape.threads > Body::threads) { throw std::logic_error("emulator: beyond launch bounds"); }
  emulation::device_access const open;
  emulation::block_emulator::here().run(shape.blocks, shape.threads, shape.shared_bytes, body);
}

template <class Derived>
void* take_memory(cuda_policy<Derived> const&, std::size_t bytes) {
  return emulation::device_heap::here().take(bytes);
}
template <class Derived>
void give_memory(cuda_policy<Derived> const&, void* memory) {
  emulation::device_heap::here().give(memory);
}
template <class T, class Derived>
void read_back(cuda_policy<Derived> const&, T const* from, index_t count, T* to) {
  emulation::device_access const open;
  std::memcpy(to, from, sizeof(T) * std::size_t(count));
}

template <class T, class Derived>
void write_back(cuda_policy<Derived> const&, T const* from, index_t count, T* to) {
  emulation::device_access const open;
  std::memcpy(to, from, sizeof(T) * std::size_t(count));
}

inline bool lies_on_host(void const* memory) {
  return memory != nullptr && !emulation::device_heap::here().holds(memory);
}

/// Copies as late as a device may: in await(). From begin() until then the buffer holds NaNs. A
/// copy into a buffer in use throws.
template <class Derived, int lanes>
class row_uploads {
 public:
  explicit row_uploads(cuda_policy<Derived> const&) {}
  row_uploads(row_uploads const&) = delete;

  void begin(int lane, void* to, index_t to_stride, void const* from, index_t from_stride,
             index_t row_bytes, index_t rows) {
    if (in_use_[lane]) { throw std::logic_error("emulator: a copy into a buffer in use"); }
    pending_[lane] = {to, from, to_stride, from_stride, row_bytes, rows};
    pending_[lane].for_each_row(
        [](char* row, char const*, std::size_t bytes) { std::memset(row, 0xff, bytes); });
  }
  void await(int lane) {
    pending_[lane].for_each_row(
        [](char* row, char const* source, std::size_t bytes) { std::memcpy(row, source, bytes); });
    pending_[lane].rows = 0;
    in_use_[lane] = true;
  }
  void release(int lane) { in_use_[lane] = false; }

 private:
  struct copy {
    void* to = nullptr;
    void const* from = nullptr;
    index_t to_stride = 0, from_stride = 0, row_bytes = 0, rows = 0;

    template <class Body>
    void for_each_row(Body body) const {
      emulation::device_access const open;
      for (index_t i = 0; i < rows; ++i) {
        body(static_cast<char*>(to) + i * to_stride,
             static_cast<char const*>(from) + i * from_stride, std::size_t(row_bytes));
      }
    }
  };

  copy pending_[lanes];
  bool in_use_[lanes] = {};
};

inline int thread_in_block() { return emulation::block_emulator::here().thread(); }
inline int threads_in_block() { return emulation::block_emulator::here().threads(); }
inline index_t block_in_grid() { return emulation::block_emulator::here().block(); }
inline index_t blocks_in_grid() { return emulation::block_emulator::here().blocks(); }
inline unsigned char* shared_memory() { return emulation::block_emulator::here().shared(); }
inline int count_bits(unsigned bits) { return __builtin_popcount(bits); }
inline int add_atomically(int* counter, int amount) {
  int const before = *counter;
  *counter += amount;
  return before;
}

inline void add_atomically(std::uint64_t* counter, std::uint64_t amount) { *counter += amount; }
inline void lower_atomically(std::uint32_t* least, std::uint32_t value) {
  *least = std::min(*least, value);
}

inline void raise_atomically(std::uint64_t* most, std::uint64_t value) {
  *most = std::max(*most, value);
}

inline void wait_for_block() {
  emulation::block_emulator::here().wait(emulation::pause::block, 0, 0, 0);
}
inline void wait_for(unsigned mask) {
  emulation::block_emulator::here().wait(emulation::pause::mask, mask, 0, 0);
}
inline double exchange(unsigned mask, double value, int difference) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits = emulation::block_emulator::here().wait(emulation::pause::exchange, mask, bits, difference);
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}
inline unsigned votes(bool yes) {
  return unsigned(
      emulation::block_emulator::here().wait(emulation::pause::vote, 0xffffffffu, yes ? 1 : 0, 0));
}

/// Like CUB on a device: stable, by the lowest `bits` of the keys.
template <class Derived>
void sort_by_key(cuda_policy<Derived> const&, std::uint32_t const* keys, std::uint32_t* sorted_keys,
                 index_t const* values, index_t* sorted_values, index_t count, int bits) {
  emulation::device_access const open;
  std::vector<index_t> order(static_cast<std::size_t>(count));
  for (index_t i = 0; i < count; ++i) { order[std::size_t(i)] = i; }
  std::uint32_t const mask = bits >= 32 ? ~0u : (1u << bits) - 1u;
  std::stable_sort(order.begin(), order.end(),
                   [=](index_t a, index_t b) { return (keys[a] & mask) < (keys[b] & mask); });
  for (index_t i = 0; i < count; ++i) {
    sorted_keys[i] = keys[order[std::size_t(i)]];
    sorted_values[i] = values[order[std::size_t(i)]];
  }
}

/// Like cuBLAS on a device: c [m, n] = a b + beta c, all row-major; see cuda/product.cuh.
template <bool in_bfloat16 = false, class T, class Derived>
void product(cuda_policy<Derived> const&, bool a_turned, bool b_turned, index_t m, index_t n,
             index_t k, T const* a, index_t a_stride, T const* b, index_t b_stride, T beta, T* c,
             index_t c_stride) {
  emulation::device_access const open;
  for (index_t i = 0; i < m; ++i) {
    for (index_t j = 0; j < n; ++j) {
      T sum = 0;
      for (index_t l = 0; l < k; ++l) {
        T x = a_turned ? a[l * a_stride + i] : a[i * a_stride + l];
        T y = b_turned ? b[j * b_stride + l] : b[l * b_stride + j];
        if constexpr (in_bfloat16) { x = bfloat16(x), y = bfloat16(y); }
        sum += x * y;
      }
      c[i * c_stride + j] = beta == 0 ? sum : sum + beta * c[i * c_stride + j];
    }
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
