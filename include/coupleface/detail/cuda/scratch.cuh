// SPDX-License-Identifier: Apache-2.0
// coupleface: stream-ordered scratch for CUDA policies without an allocator.
//
// Thrust's temporary memory for plain `par` comes from cudaMalloc, which waits for the device and
// cannot be captured. A policy with an allocator uses the general form and the caller's allocator.
// Its memory must stay valid until all work that the stream holds at its deallocation has finished.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived>
std::true_type is_cuda_policy(cuda_policy<Derived> const*);
std::false_type is_cuda_policy(void const*);

template <class Policy>
inline constexpr bool has_own_allocator = false;
template <class Allocator, template <class> class Base>
inline constexpr bool has_own_allocator<thrust::detail::execute_with_allocator<Allocator, Base>> =
    true;

template <class Policy>
inline constexpr bool takes_stream_memory =
    decltype(is_cuda_policy(static_cast<Policy*>(nullptr)))::value && !has_own_allocator<Policy>;

template <class T, class Policy>
class scratch<T, Policy, std::enable_if_t<takes_stream_memory<Policy>>> {
  static_assert(std::is_trivial_v<T>, "coupleface::detail::scratch: T must be trivial");

 public:
  scratch(Policy const& policy, index_t size) : policy_(policy), size_(size) {
    if (size > 0) {
      data_ = static_cast<T*>(take_memory(policy, sizeof(T) * static_cast<std::size_t>(size)));
    }
  }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;
  ~scratch() {
    if (size_ > 0) { give_memory(policy_, data_); }
  }

  T* data() const { return data_; }
  index_t size() const { return size_; }

 private:
  Policy const& policy_;
  index_t size_;
  T* data_ = nullptr;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
