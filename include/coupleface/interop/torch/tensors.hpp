// SPDX-License-Identifier: Apache-2.0
// coupleface: libtorch's tensors as views, and views as tensors. Nothing is copied.
#pragma once

#include <coupleface/interop/torch/dispatch.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief View of a tensor with two dimensions. The tensor keeps the ownership.
///
/// @tparam T float const, double, float16, at::BFloat16, std::int64_t, ...: the tensor's elements
/// @param t on any device; rows without gaps between elements
/// @return valid as long as the tensor's elements
/// @throws std::invalid_argument if it is undefined, has other dimensions or elements, an inner
///   stride that is not 1, or rows that overlap
/// @complexity O(1)
/// Source: ours.
template <class T>
matrix_view<T> matrix_view_of(at::Tensor const& t) {
  detail::expect_tensor("matrix_view_of", "the tensor", t, 2);
  detail::expect_scalar_type<T>("matrix_view_of", "the tensor", t);
  if (t.size(1) > 1) {
    detail::expect_equal("matrix_view_of", "inner stride", t.stride(1), "a view's", 1);
  }
  auto const view = detail::unchecked_matrix<T>(t);
  detail::expect_view("matrix_view_of", "the tensor", view);
  return view;
}

/// @brief The same of one dimension, without gaps.
template <class T>
vector_view<T> vector_view_of(at::Tensor const& t) {
  detail::expect_tensor("vector_view_of", "the tensor", t, 1);
  detail::expect_scalar_type<T>("vector_view_of", "the tensor", t);
  if (t.size(0) > 1) {
    detail::expect_equal("vector_view_of", "stride", t.stride(0), "a view's", 1);
  }
  return detail::unchecked_vector<T>(t);
}

/// @brief A tensor that shows a view's elements and owns nothing: the elements must outlive it.
///
/// @param x [n, d] or [n]; libtorch has no const tensors, so do not write to elements that were
///   const
/// @param device where they are
/// @complexity O(1)
/// Source: ours.
template <class T>
at::Tensor as_tensor(matrix_view<T> x, at::Device device = at::kCPU) {
  detail::expect_view("as_tensor", "x", x);
  auto* const data = const_cast<std::remove_const_t<T>*>(x.data_handle());
  return at::from_blob(data, {x.extent(0), x.extent(1)}, {x.stride(0), 1},
                       at::TensorOptions(detail::scalar_type_of<T>()).device(device));
}

/// @brief The same of one dimension.
template <class T>
at::Tensor as_tensor(vector_view<T> x, at::Device device = at::kCPU) {
  detail::expect_view("as_tensor", "x", x);
  auto* const data = const_cast<std::remove_const_t<T>*>(x.data_handle());
  return at::from_blob(data, {x.extent(0)},
                       at::TensorOptions(detail::scalar_type_of<T>()).device(device));
}

COUPLEFACE_NAMESPACE_END
