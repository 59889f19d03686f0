// SPDX-License-Identifier: Apache-2.0
// coupleface: non-owning views, through which every function reads and writes.
//
// A matrix is row-major with any row stride, a vector is contiguous, a scalar is one element; all
// may be in host or device memory. What a function writes must not share memory with what it reads,
// unless its comment allows that; a gradient needs memory of its own. The member names are those of
// std::mdspan. Views are the same type in every translation unit, so your functions can pass them
// between units.
#pragma once

#include <coupleface/config.hpp>

#include <cstdint>
#include <type_traits>

namespace coupleface {

/// Extents, offsets and strides: 5.8 M x 512 elements are more than 2^31.
using index_t = std::int64_t;

/// @brief A non-owning view of a row-major matrix of `T` (const or not).
template <class T>
class matrix_view {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  constexpr matrix_view() = default;

  /// @param data first element; @param rows, columns extents; @param row_stride elements from one
  /// row's start to the next one's, at least `columns`
  COUPLEFACE_HOST_DEVICE constexpr matrix_view(T* data, index_t rows, index_t columns,
                                               index_t row_stride)
      : data_(data), rows_(rows), columns_(columns), row_stride_(row_stride) {}

  COUPLEFACE_HOST_DEVICE constexpr matrix_view(T* data, index_t rows, index_t columns)
      : matrix_view(data, rows, columns, columns) {}

  /// A view of `U` is a view of `U const` too.
  template <class U, std::enable_if_t<std::is_same_v<U const, T>, int> = 0>
  COUPLEFACE_HOST_DEVICE constexpr matrix_view(matrix_view<U> other)
      : matrix_view(other.data_handle(), other.extent(0), other.extent(1), other.stride(0)) {}

  COUPLEFACE_HOST_DEVICE constexpr T* data_handle() const { return data_; }
  COUPLEFACE_HOST_DEVICE constexpr index_t extent(int rank) const {
    return rank == 0 ? rows_ : columns_;
  }
  COUPLEFACE_HOST_DEVICE constexpr index_t stride(int rank) const {
    return rank == 0 ? row_stride_ : 1;
  }
  COUPLEFACE_HOST_DEVICE constexpr T* row(index_t i) const { return data_ + i * row_stride_; }
  COUPLEFACE_HOST_DEVICE constexpr T& operator()(index_t i, index_t j) const { return row(i)[j]; }

 private:
  T* data_ = nullptr;
  index_t rows_ = 0;
  index_t columns_ = 0;
  index_t row_stride_ = 0;
};

/// @brief A non-owning view of a contiguous vector of `T`.
template <class T>
class vector_view {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  constexpr vector_view() = default;
  COUPLEFACE_HOST_DEVICE constexpr vector_view(T* data, index_t size) : data_(data), size_(size) {}
  template <class U, std::enable_if_t<std::is_same_v<U const, T>, int> = 0>
  COUPLEFACE_HOST_DEVICE constexpr vector_view(vector_view<U> other)
      : vector_view(other.data_handle(), other.extent(0)) {}

  COUPLEFACE_HOST_DEVICE constexpr T* data_handle() const { return data_; }
  COUPLEFACE_HOST_DEVICE constexpr index_t extent(int) const { return size_; }
  COUPLEFACE_HOST_DEVICE constexpr T& operator()(index_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  index_t size_ = 0;
};

/// @brief A non-owning view of one element, in the memory of the policy it is used with.
template <class T>
class scalar_view {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;

  COUPLEFACE_HOST_DEVICE constexpr explicit scalar_view(T* data) : data_(data) {}
  COUPLEFACE_HOST_DEVICE constexpr T* data_handle() const { return data_; }
  COUPLEFACE_HOST_DEVICE constexpr T& operator()() const { return *data_; }

 private:
  T* data_ = nullptr;
};

/// @brief View of `rows` x `columns` elements at `data`, without gaps between rows.
template <class T>
COUPLEFACE_HOST_DEVICE constexpr matrix_view<T> make_matrix_view(T* data, index_t rows,
                                                                 index_t columns) {
  return {data, rows, columns};
}

/// @brief View whose rows start `row_stride` elements apart.
template <class T>
COUPLEFACE_HOST_DEVICE constexpr matrix_view<T> make_matrix_view(T* data, index_t rows,
                                                                 index_t columns,
                                                                 index_t row_stride) {
  return {data, rows, columns, row_stride};
}

/// @brief View of `size` elements at `data`.
template <class T>
COUPLEFACE_HOST_DEVICE constexpr vector_view<T> make_vector_view(T* data, index_t size) {
  return {data, size};
}

/// @brief View of the one element at `data`.
template <class T>
COUPLEFACE_HOST_DEVICE constexpr scalar_view<T> make_scalar_view(T* data) {
  return scalar_view<T>(data);
}

}  // namespace coupleface
