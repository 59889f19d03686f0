// SPDX-License-Identifier: Apache-2.0
// Test support: matrices in the memory of the policy under test, created and read on the host.
#pragma once

#include <coupleface/element.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include "device_memory.hpp"

#include <thrust/execution_policy.h>

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

/// The content of outputs before a call: NaN, or an invalid id. Finding it means an unwritten
/// element.
template <class T>
T unwritten() {
  if constexpr (std::is_integral_v<T>) {
    return T(-77);
  } else {
    return from_double<T>(std::numeric_limits<double>::quiet_NaN());
  }
}

/// Owns [rows, columns] with `padding` extra elements after every row, in the memory of the policy
/// under test or of the host.
template <class T, template <class> class Array = device_array>
class matrix {
 public:
  matrix(index_t rows, index_t columns, index_t padding = 0)
      : matrix(
            rows, columns, columns + padding,
            std::vector<T>(static_cast<std::size_t>(rows * (columns + padding)), unwritten<T>())) {}

  matrix(index_t rows, index_t columns, std::vector<double> const& values, index_t padding = 0)
      : matrix(rows, columns, columns + padding, strided(rows, columns, padding, values)) {}

  /// `stride` elements from one row to the next, padding included.
  matrix(index_t rows, index_t columns, index_t stride, std::vector<T> const& elements)
      : rows_(rows), columns_(columns), stride_(stride), data_(elements) {}

  index_t rows() const { return rows_; }
  index_t columns() const { return columns_; }
  index_t stride() const { return stride_; }
  T get(index_t i, index_t j) const { return data_.get(static_cast<std::size_t>(i * stride_ + j)); }
  double at(index_t i, index_t j) const { return static_cast<double>(get(i, j)); }
  void set(index_t i, index_t j, double x) {
    data_.set(static_cast<std::size_t>(i * stride_ + j), from_double<T>(x));
  }

  coupleface::matrix_view<T> view() { return {data_.data(), rows_, columns_, stride_}; }
  coupleface::matrix_view<T const> view() const { return {data_.data(), rows_, columns_, stride_}; }
  coupleface::vector_view<T> vector() { return {data_.data(), rows_ * columns_}; }
  coupleface::vector_view<T const> vector() const { return {data_.data(), rows_ * columns_}; }
  coupleface::scalar_view<T> scalar() { return coupleface::scalar_view<T>(data_.data()); }

  /// All elements, padding included.
  std::vector<T> elements() const { return data_.to_host(); }

  /// Whether all elements and the padding have the same bits.
  template <template <class> class Other>
  bool same_bits(matrix<T, Other> const& other) const {
    std::vector<T> const a = elements(), b = other.elements();
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
  }
  bool untouched() const { return same_bits(matrix(rows_, columns_, stride_ - columns_)); }

 private:
  static std::vector<T> strided(index_t rows, index_t columns, index_t padding,
                                std::vector<double> const& values) {
    std::vector<T> result(static_cast<std::size_t>(rows * (columns + padding)), unwritten<T>());
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < columns; ++j) {
        result[static_cast<std::size_t>(i * (columns + padding) + j)] =
            from_double<T>(values[static_cast<std::size_t>(i * columns + j)]);
      }
    }
    return result;
  }

  index_t rows_;
  index_t columns_;
  index_t stride_;
  Array<T> data_;
};

/// In host memory, for host policies.
template <class T>
using host_matrix = matrix<T, host_array>;

template <class T, template <class> class Array>
host_matrix<T> on_host(matrix<T, Array> const& x) {
  return {x.rows(), x.columns(), x.stride(), x.elements()};
}

/// The contents of a view of the policy's memory.
template <class T>
host_matrix<std::remove_const_t<T>> on_host(coupleface::matrix_view<T> view) {
  using element = std::remove_const_t<T>;
  host_matrix<element> result(view.extent(0), view.extent(1));
  for (index_t i = 0; i < view.extent(0); ++i) {
    std::size_t const bytes = sizeof(T) * static_cast<std::size_t>(view.extent(1));
#if COUPLEFACE_HAS_KERNELS
    copy_device(result.view().row(i), view.row(i), bytes);
#else
    std::memcpy(result.view().row(i), view.row(i), bytes);
#endif
  }
  return result;
}

template <class T>
coupleface::vector_view<T const> host_view_of(std::vector<T> const& v) {
  return {v.data(), index_t(v.size())};
}

/// A view of a list for the policy under test: of the list itself if the policy reads host memory,
/// else of a copy that is never freed.
template <class T>
coupleface::vector_view<T const> view_of(std::vector<T> const& v) {
#if COUPLEFACE_HAS_KERNELS
  return {(new device_array<T>(v))->data(), index_t(v.size())};
#else
  return host_view_of(v);
#endif
}

/// Normally distributed elements.
template <class T>
matrix<T> random_matrix(index_t rows, index_t columns, unsigned seed, index_t padding = 0) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(static_cast<std::size_t>(rows * columns));
  for (double& value : values) { value = normal(generator); }
  return {rows, columns, values, padding};
}

/// Zeros and ones, so that ties are frequent.
template <class T>
matrix<T> coarse_matrix(index_t rows, index_t columns, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<double> values(static_cast<std::size_t>(rows * columns));
  for (double& value : values) { value = double(generator() % 2u); }
  return {rows, columns, values};
}

/// The same row repeated, each time with one element changed by a unit in the last place: only
/// exact products can order these rows.
inline matrix<float> nearly_equal_rows(index_t rows, index_t columns, unsigned seed) {
  auto const base = random_matrix<float>(1, columns, seed);
  std::vector<double> values;
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < columns; ++j) {
      float const value = base.get(0, j);
      values.push_back(j == i % columns ? std::nextafterf(value, i % 2 ? 9.0f : -9.0f) : value);
    }
  }
  return {rows, columns, values};
}

/// Labels in [0, classes), every seventh one -1.
template <class L = std::int32_t>
matrix<L> random_labels(index_t count, index_t classes, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<double> values(static_cast<std::size_t>(count));
  for (index_t i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] =
        i % 7 == 6 ? -1.0 : double(generator() % static_cast<unsigned>(classes));
  }
  return {1, count, values};
}

/// The policy under test.
inline auto policy() {
#if COUPLEFACE_HAS_KERNELS && !COUPLEFACE_HAS_CUDA
  return emulated_device{};
#else
  return thrust::device;
#endif
}

/// A host policy checks labels and table entries before it writes; a device never reads them back.
inline constexpr bool ids_are_checked = coupleface::detail::is_host_policy_v<decltype(policy())>;

/// The elements as doubles, on the host.
template <class T>
host_matrix<double> doubles_on_host(matrix<T> const& x) {
  host_matrix<double> y(x.rows(), x.columns());
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) { y.set(i, j, x.at(i, j)); }
  }
  return y;
}

}  // namespace coupleface_test
