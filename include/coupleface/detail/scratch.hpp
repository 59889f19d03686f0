// SPDX-License-Identifier: Apache-2.0
// coupleface: temporary memory from the policy's allocator, freed on every path.
#pragma once

#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <cstdint>
#include <new>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

// Makes `get_temporary_buffer<T>(policy, n)` parse; argument-dependent lookup finds the real one.
template <class T>
void get_temporary_buffer() = delete;

/// @brief `size` uninitialised elements in the policy's memory.
template <class T, class Policy, class = void>
class scratch {
  static_assert(std::is_trivial_v<T>, "coupleface::detail::scratch: T must be trivial");

 public:
  scratch(Policy const& policy, index_t size) : policy_(policy), size_(size) {
    if (size == 0) { return; }
    auto const buffer = get_temporary_buffer<T>(policy_, size);
    if (buffer.second < size) {
      if (buffer.second > 0) { return_temporary_buffer(policy_, buffer.first, buffer.second); }
      throw std::bad_alloc();
    }
    pointer_ = buffer.first;
  }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;
  ~scratch() {
    if (size_ > 0) { return_temporary_buffer(policy_, pointer_, size_); }
  }

  T* data() const { return size_ > 0 ? raw_pointer_cast(pointer_) : nullptr; }
  index_t size() const { return size_; }

 private:
  using buffer_type =
      decltype(get_temporary_buffer<T>(std::declval<Policy const&>(), std::ptrdiff_t{}));
  using pointer_type = std::decay_t<decltype(std::declval<buffer_type>().first)>;

  Policy const& policy_;
  index_t size_;
  pointer_type pointer_{};
};

/// Elements in the policy's memory, aligned to a cache line; the alignment affects only speed.
template <class T, class Policy>
class line_scratch {
 public:
  static constexpr index_t line = index_t(64 / sizeof(T));  ///< multiples of it keep rows aligned

  line_scratch(Policy const& policy, index_t size) : memory_(policy, size == 0 ? 0 : size + line) {}
  T* data() const {
    auto const past = reinterpret_cast<std::uintptr_t>(memory_.data()) / sizeof(T) % line;
    return memory_.data() + (past == 0 ? 0 : line - past);
  }

 private:
  scratch<T, Policy> memory_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/scratch.cuh>
#endif
