// SPDX-License-Identifier: Apache-2.0
// coupleface: host copies of device data. A call waits for its copy, and so for all earlier work on
// the policy's stream.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>
#include <coupleface/detail/host_side.hpp>
#include <coupleface/detail/scratch.hpp>

#include <thrust/system/cpp/execution_policy.h>

#include <memory>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class T>
class host_copy {
 public:
  template <class Derived>
  host_copy(cuda_policy<Derived> const& policy, matrix_view<T const> view)
      : rows_(view.extent(0)), columns_(view.extent(1)), stride_(view.stride(0)) {
    if (rows_ == 0 || columns_ == 0) { return; }
    index_t const count = (rows_ - 1) * stride_ + columns_;
    elements_.reset(new T[static_cast<std::size_t>(count)]);
    read_back(policy, view.data_handle(), count, elements_.get());
  }
  matrix_view<T const> view() const { return {elements_.get(), rows_, columns_, stride_}; }
  vector_view<T const> vector() const { return {elements_.get(), columns_}; }

 private:
  index_t rows_, columns_, stride_;
  std::unique_ptr<T[]> elements_;  // not std::vector: vector<bool> has no array
};

template <class Derived, class T>
host_copy<std::remove_const_t<T>> on_host(cuda_policy<Derived> const& policy, matrix_view<T> rows) {
  return {policy, rows};
}
template <class Derived, class T>
host_copy<std::remove_const_t<T>> on_host(cuda_policy<Derived> const& policy, vector_view<T> list) {
  return {policy, matrix_view<T>(list.data_handle(), 1, list.extent(0))};
}

/// A list in stream-ordered memory.
template <class T, class Derived>
class device_list {
 public:
  device_list(Derived const& policy, vector_view<T const> list) : memory_(policy, list.extent(0)) {
    if (list.extent(0) > 0) {
      write_back(policy, list.data_handle(), list.extent(0), memory_.data());
    }
  }
  vector_view<T const> vector() const { return {memory_.data(), memory_.size()}; }

 private:
  scratch<T, Derived> memory_;
};

template <class Derived, class T>
device_list<T, Derived> in_memory_of(cuda_policy<Derived> const& policy,
                                     vector_view<T const> list) {
  return {static_cast<Derived const&>(policy), list};
}

template <class Derived>
std::decay_t<decltype(thrust::cpp::par)> host_side(cuda_policy<Derived> const&) {
  return {};
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
