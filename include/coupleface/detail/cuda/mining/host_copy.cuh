// coupleface: copies on the host for what answers there: the call waits for them, and for what the
// policy's stream had still to do.
#pragma once

#include <coupleface/detail/cuda/runtime.cuh>

#include <thrust/system/cpp/execution_policy.h>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The policy of what is then done on the host.
using host_side = std::decay_t<decltype(thrust::cpp::par)>;

template <class T>
class host_copy {
 public:
  template <class Derived>
  host_copy(cuda_policy<Derived> const& policy, matrix_view<T const> view)
      : rows_(view.extent(0)), columns_(view.extent(1)), stride_(view.stride(0)) {
    if (rows_ == 0 || columns_ == 0) { return; }
    index_t const count = (rows_ - 1) * stride_ + columns_;
    elements_.resize(static_cast<std::size_t>(count));
    read_back(policy, view.data_handle(), count, elements_.data());
  }
  template <class Derived>
  host_copy(cuda_policy<Derived> const& policy, vector_view<T const> view)
      : host_copy(policy, matrix_view<T const>(view.data_handle(), 1, view.extent(0))) {}

  matrix_view<T const> view() const { return {elements_.data(), rows_, columns_, stride_}; }
  vector_view<T const> vector() const { return {elements_.data(), columns_}; }

 private:
  index_t rows_, columns_, stride_;
  std::vector<T> elements_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
