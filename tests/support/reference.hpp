// SPDX-License-Identifier: Apache-2.0
// Test support: reference results, computed by plain loops in long double.
#pragma once

#include "matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace coupleface_test {

/// Rounding error of `terms` operations in T's accumulator on values of size `magnitude`.
template <class T>
double tolerance(double terms, double magnitude) {
  double const epsilon = std::is_same_v<T, double> ? std::numeric_limits<double>::epsilon()
                         : std::is_same_v<T, float>
                             ? std::numeric_limits<float>::epsilon()
                             : (std::is_same_v<T, coupleface::float16> ? 0x1p-10 : 0x1p-7);
  return terms * epsilon * magnitude;
}

template <class T, template <class> class Array>
long double reference_norm(matrix<T, Array> const& x, index_t i) {
  long double square = 0;
  for (index_t j = 0; j < x.columns(); ++j) { square += (long double)(x.at(i, j)) * x.at(i, j); }
  return std::sqrt(square);
}

/// Element (i, j) of the normalised rows.
template <class T>
long double reference_unit(matrix<T> const& x, index_t i, index_t j) {
  long double const norm = reference_norm(x, i);
  return norm < (long double)std::numeric_limits<coupleface::accumulator_t<T>>::min()
             ? 0.0L
             : x.at(i, j) / norm;
}

template <class A, class B>
long double reference_cosine(matrix<A> const& a, index_t i, matrix<B> const& b, index_t j) {
  long double sum = 0;
  for (index_t l = 0; l < a.columns(); ++l) {
    sum += reference_unit(a, i, l) * reference_unit(b, j, l);
  }
  return sum;
}

/// The normalised rows, concatenated.
template <class T, template <class> class Array>
std::vector<long double> reference_units(matrix<T, Array> const& x) {
  std::vector<long double> units;
  for (index_t i = 0; i < x.rows(); ++i) {
    long double const norm = reference_norm(x, i);
    bool const none = norm < (long double)std::numeric_limits<coupleface::accumulator_t<T>>::min();
    for (index_t j = 0; j < x.columns(); ++j) { units.push_back(none ? 0 : x.at(i, j) / norm); }
  }
  return units;
}

/// Inner product of row i of `a` and row k of `b`, both concatenated rows.
inline long double reference_product(std::vector<long double> const& a, index_t i,
                                     std::vector<long double> const& b, index_t k, index_t width) {
  long double sum = 0;
  for (index_t j = 0; j < width; ++j) {
    sum += a[std::size_t(i * width + j)] * b[std::size_t(k * width + j)];
  }
  return sum;
}

/// Error of rounding a value to T: the smallest step of float16 is 2^-24.
template <class T>
double storing_tolerance(double value) {
  return tolerance<T>(1, std::fabs(value)) +
         (std::is_same_v<T, coupleface::float16> ? 0x1p-24 : 0x1p-149);
}

/// Widths around the sizes of vectors, lanes, cache lines and unrolled loops.
inline std::vector<index_t> widths() {
  return {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 511, 512, 513};
}

template <class T>
void expect_zero(matrix<T> const& x) {
  for (index_t i = 0; i < x.rows(); ++i) {
    for (index_t j = 0; j < x.columns(); ++j) { EXPECT_EQ(x.at(i, j), 0) << i << ", " << j; }
  }
}

/// Shapes [n, d] around the sizes of lanes, tiles and blocks.
inline std::vector<std::pair<index_t, index_t>> shapes() {
  return {{0, 0},  {0, 5},  {1, 1},  {1, 17},  {2, 16},   {3, 15},   {5, 33},
          {7, 64}, {31, 3}, {65, 8}, {127, 9}, {128, 32}, {129, 48}, {300, 128}};
}

}  // namespace coupleface_test
