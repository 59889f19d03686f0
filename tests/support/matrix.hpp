// Test support: matrices in the device policy's memory, made on the host and read back there.
#pragma once

#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/host_vector.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace coupleface_test {

using coupleface::index_t;

template <class T>
T from_double(double x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(x);
  } else {
    return T(x);
  }
}

/// What outputs hold before a call: NaN, or an absurd id. A test that finds it knows who forgot.
template <class T>
T unwritten() {
  if constexpr (std::is_integral_v<T>) {
    return T(-77);
  } else {
    return from_double<T>(std::numeric_limits<double>::quiet_NaN());
  }
}

/// Owns [rows, columns] with `padding` extra elements after every row.
template <class T>
class matrix {
 public:
  matrix(index_t rows, index_t columns, index_t padding = 0)
      : rows_(rows),
        columns_(columns),
        stride_(columns + padding),
        data_(static_cast<std::size_t>(rows * stride_), unwritten<T>()) {}

  matrix(index_t rows, index_t columns, std::vector<double> const& values, index_t padding = 0)
      : matrix(rows, columns, padding) {
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < columns; ++j) {
        set(i, j, values[static_cast<std::size_t>(i * columns + j)]);
      }
    }
  }

  index_t rows() const { return rows_; }
  index_t columns() const { return columns_; }
  T get(index_t i, index_t j) const {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    return data_[static_cast<std::size_t>(i * stride_ + j)];
#else  // thrust's references to elements are slow, and UBSan objects to them
    return thrust::raw_pointer_cast(data_.data())[i * stride_ + j];
#endif
  }
  double at(index_t i, index_t j) const { return static_cast<double>(get(i, j)); }
  void set(index_t i, index_t j, double x) {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    data_[static_cast<std::size_t>(i * stride_ + j)] = from_double<T>(x);
#else
    thrust::raw_pointer_cast(data_.data())[i * stride_ + j] = from_double<T>(x);
#endif
  }

  coupleface::matrix_view<T> view() {
    return {thrust::raw_pointer_cast(data_.data()), rows_, columns_, stride_};
  }
  coupleface::matrix_view<T const> view() const {
    return {thrust::raw_pointer_cast(data_.data()), rows_, columns_, stride_};
  }
  coupleface::vector_view<T> vector() {
    return {thrust::raw_pointer_cast(data_.data()), rows_ * columns_};
  }
  coupleface::vector_view<T const> vector() const {
    return {thrust::raw_pointer_cast(data_.data()), rows_ * columns_};
  }
  coupleface::scalar_view<T> scalar() {
    return coupleface::scalar_view<T>(thrust::raw_pointer_cast(data_.data()));
  }

  /// The same bits in every element and in the padding?
  bool same_bits(matrix const& other) const {
    thrust::host_vector<T> const a = data_;
    thrust::host_vector<T> const b = other.data_;
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(&a[0], &b[0], a.size() * sizeof(T)) == 0);
  }
  bool untouched() const { return same_bits(matrix(rows_, columns_, stride_ - columns_)); }

 private:
  index_t rows_;
  index_t columns_;
  index_t stride_;
  thrust::device_vector<T> data_;
};

/// Normally distributed elements.
template <class T>
matrix<T> random_matrix(index_t rows, index_t columns, unsigned seed, index_t padding = 0) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  matrix<T> result(rows, columns, padding);
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < columns; ++j) { result.set(i, j, normal(generator)); }
  }
  return result;
}

/// Labels in [0, classes), every seventh one -1.
template <class L = std::int32_t>
matrix<L> random_labels(index_t count, index_t classes, unsigned seed) {
  std::mt19937 generator(seed);
  matrix<L> result(1, count);
  for (index_t i = 0; i < count; ++i) {
    result.set(0, i, i % 7 == 6 ? -1.0 : double(generator() % static_cast<unsigned>(classes)));
  }
  return result;
}

/// The policy under test and a sequential one, for comparing bits.
inline auto policy() { return thrust::device; }

}  // namespace coupleface_test
