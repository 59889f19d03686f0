// SPDX-License-Identifier: Apache-2.0
// coupleface: access to a policy's data for steps that run on the host under any policy, because
// their lists are short compared with the embeddings.
#pragma once

#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Under a host policy the host reads the data in place. cuda/host_side.cuh copies device memory.
template <class T>
class host_rows {
 public:
  explicit host_rows(matrix_view<T const> rows) : rows_(rows) {}
  matrix_view<T const> view() const { return rows_; }
  vector_view<T const> vector() const { return {rows_.data_handle(), rows_.extent(1)}; }

 private:
  matrix_view<T const> rows_;
};

template <class Derived, class T>
host_rows<std::remove_const_t<T>> on_host(host_policy<Derived> const&, matrix_view<T> rows) {
  return host_rows<std::remove_const_t<T>>(rows);
}
template <class Derived, class T>
host_rows<std::remove_const_t<T>> on_host(host_policy<Derived> const& policy, vector_view<T> list) {
  return on_host(policy, matrix_view<T>(list.data_handle(), 1, list.extent(0)));
}

/// A host list in memory that the policy's functors can read.
template <class Derived, class T>
host_rows<T> in_memory_of(host_policy<Derived> const& policy, vector_view<T const> list) {
  return on_host(policy, list);
}

/// The policy for the steps that run on the host.
template <class Derived>
Derived const& host_side(host_policy<Derived> const& policy) {
  return static_cast<Derived const&>(policy);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/host_side.cuh>
#endif
