// SPDX-License-Identifier: Apache-2.0
// coupleface: DLPack's tensors as views, and views as DLPack's tensors. Nothing is copied.
//
// DLPack is an ABI of C structs that many headers declare (<dlpack/dlpack.h>, <ATen/dlpack.h>,
// ...), and two of them often conflict. So this header includes none: DLTensor, DLManagedTensor and
// DLManagedTensorVersioned are template arguments, recognised by their members.
#pragma once

#include <coupleface/detail/dlpack.hpp>
#include <coupleface/error.hpp>
#include <coupleface/view.hpp>

#include <memory>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Where a DLPack tensor's elements must be, for the policy that will use the view.
enum class dlpack_memory {
  host,  ///< CPU, or CUDA's pinned or managed memory
  cuda   ///< CUDA, managed or pinned memory
};

/// @brief Calls the deleter of a received managed tensor, once.
template <class Managed>
struct dlpack_deleter {
  void operator()(Managed* m) const {
    if (m->deleter != nullptr) { m->deleter(m); }
  }
};
template <class Managed>
using dlpack_owner = std::unique_ptr<Managed, dlpack_deleter<Managed>>;

/// @brief View of a DLPack tensor with two dimensions. The tensor keeps the ownership.
///
/// @tparam T the element type, which you must know at compile time: float const, float16, int64_t,
///   ...; also other two-byte classes (__half, at::BFloat16, ...)
/// @param x a DLTensor, DLManagedTensor or DLManagedTensorVersioned
/// @param where the memory that you can use
/// @return valid as long as the tensor's elements
/// @throws std::invalid_argument if elements, dimensions, memory or version differ, an inner stride
///   is not 1, rows overlap, the address is not aligned, or T is not const and the tensor is
///   read-only
/// @complexity O(1)
/// Source: ours.
template <class T, class Tensor>
matrix_view<T> matrix_view_of(Tensor const& x, dlpack_memory where = dlpack_memory::host) {
  constexpr char const* function = "matrix_view_of";
  auto const& t = detail::dlpack_tensor<T>(function, x);
  detail::expect_equal(function, "number of dimensions", t.ndim, "a matrix's", 2);
  detail::expect_dlpack_elements<T>(function, t);
  detail::expect_dlpack_memory(function, int(t.device.device_type), where == dlpack_memory::cuda);
  index_t const rows = t.shape[0], columns = t.shape[1];
  if (rows > 0 && columns > 1) {  // NumPy exports arrays without elements with strides of 0
    detail::expect_equal(function, "inner stride", detail::dlpack_stride(t, 1), "a view's", 1);
  }
  index_t const stride = rows > 1 ? detail::dlpack_stride(t, 0) : columns;
  matrix_view<T> const view(detail::dlpack_data<T>(function, t, rows * columns), rows, columns,
                            stride);
  detail::expect_view(function, "the tensor", view);
  return view;
}

/// @brief The same of one dimension, without gaps.
template <class T, class Tensor>
vector_view<T> vector_view_of(Tensor const& x, dlpack_memory where = dlpack_memory::host) {
  constexpr char const* function = "vector_view_of";
  auto const& t = detail::dlpack_tensor<T>(function, x);
  detail::expect_equal(function, "number of dimensions", t.ndim, "a vector's", 1);
  detail::expect_dlpack_elements<T>(function, t);
  detail::expect_dlpack_memory(function, int(t.device.device_type), where == dlpack_memory::cuda);
  index_t const size = t.shape[0];
  if (size > 1) {
    detail::expect_equal(function, "stride", detail::dlpack_stride(t, 0), "a view's", 1);
  }
  vector_view<T> const view(detail::dlpack_data<T>(function, t, size), size);
  detail::expect_view(function, "the tensor", view);
  return view;
}

/// @brief A DLPack tensor of a view's elements; release() passes it to the framework that takes it
/// over.
///
/// @tparam Managed your header's DLManagedTensor or DLManagedTensorVersioned; const elements need
///   the latter, which says that they are read-only
/// @param x [n, d] or [n]
/// @param owner the owner of the elements (a moved-in vector, a shared_ptr), kept until the deleter
///   is called; or nullptr if the elements outlive the tensor anyway
/// @param device_type, device_id where the elements are, in DLPack's numbers; 1, 0: the host
/// @complexity O(1), one allocation
/// Source: ours.
template <class Managed, class T, class Owner>
dlpack_owner<Managed> make_dlpack(matrix_view<T> x, Owner owner, int device_type = 1,
                                  int device_id = 0) {
  detail::expect_view("make_dlpack", "x", x);
  return dlpack_owner<Managed>(
      detail::make_dlpack<Managed>(x.data_handle(), std::move(owner), 2, {x.extent(0), x.extent(1)},
                                   {x.stride(0), 1}, device_type, device_id));
}

/// @brief The same of one dimension.
template <class Managed, class T, class Owner>
dlpack_owner<Managed> make_dlpack(vector_view<T> x, Owner owner, int device_type = 1,
                                  int device_id = 0) {
  detail::expect_view("make_dlpack", "x", x);
  return dlpack_owner<Managed>(detail::make_dlpack<Managed>(
      x.data_handle(), std::move(owner), 1, {x.extent(0), 0}, {1, 0}, device_type, device_id));
}

COUPLEFACE_NAMESPACE_END
