// Test support: what functions should compute, written as plain loops in long double.
#pragma once

#include "matrix.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace coupleface_test {

/// Rounding of `terms` operations in T's accumulator on values of size `magnitude`.
template <class T>
double tolerance(double terms, double magnitude) {
  double const epsilon = std::is_same_v<T, double> ? std::numeric_limits<double>::epsilon()
                         : std::is_same_v<T, float>
                             ? std::numeric_limits<float>::epsilon()
                             : (std::is_same_v<T, coupleface::float16> ? 0x1p-10 : 0x1p-7);
  return terms * epsilon * magnitude;
}

template <class T>
long double reference_norm(matrix<T> const& x, index_t i) {
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

/// Shapes [n, d] around lanes, tiles and blocks.
inline std::vector<std::pair<index_t, index_t>> shapes() {
  return {{0, 0},  {0, 5},  {1, 1},  {1, 17},  {2, 16},   {3, 15},   {5, 33},
          {7, 64}, {31, 3}, {65, 8}, {127, 9}, {128, 32}, {129, 48}, {300, 128}};
}

}  // namespace coupleface_test
