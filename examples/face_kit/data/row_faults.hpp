// SPDX-License-Identifier: Apache-2.0
// Finds rows that are not finite, zero rows, which have no direction, and float64 values that
// float32 cannot hold, which are an error in every program.
#pragma once

#include <coupleface/view.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace face_kit {

using coupleface::index_t;
using coupleface::matrix_view;

template <class T>
double element(T x) {
  if constexpr (std::is_same_v<T, double>) return x;
  else return static_cast<double>(static_cast<float>(x));
}

/// Whether the value is finite, but not as float32.
template <class T>
bool is_too_large([[maybe_unused]] T x) {
  if constexpr (std::is_same_v<T, double>)
    return std::isfinite(x) && !std::isfinite(static_cast<float>(x));
  else return false;
}

/// Faults in rows that are passed in order, piece by piece.
struct row_faults {
  index_t rows = 0, not_finite = 0, first_not_finite = -1;
  std::vector<index_t> zero;
  std::string too_large;  ///< the first value that float32 cannot hold: "row 3, column 2 is 1e+300"

  template <class T>
  void look(matrix_view<T const> piece) {
    index_t const count = piece.extent(0), width = piece.extent(1);
    std::vector<unsigned char> kinds(static_cast<std::size_t>(count));
#pragma omp parallel for schedule(static)
    for (index_t i = 0; i < count; ++i) {
      bool finite = true, zeros = true, large = false;
      for (index_t j = 0; j < width; ++j) {
        finite = finite && std::isfinite(element(piece(i, j)));
        zeros = zeros && element(piece(i, j)) == 0;
        large = large || is_too_large(piece(i, j));
      }
      kinds[static_cast<std::size_t>(i)] = large ? 3 : !finite ? 2 : zeros ? 1 : 0;
    }
    for (index_t i = 0; i < count; ++i, ++rows) {
      auto const kind = kinds[static_cast<std::size_t>(i)];
      if (kind == 1) zero.push_back(rows);
      if (kind == 2 && not_finite++ == 0) first_not_finite = rows;
      if (kind == 3 && too_large.empty()) too_large = describe_too_large(piece, i);
    }
  }

  /// @throws std::runtime_error  if a value is too large
  void expect_float32(std::string const& file) const {
    if (too_large.empty()) return;
    throw std::runtime_error(file + ": " + too_large + ", too large for float32 (counted from 0)");
  }

  /// "FILE: 2 of 480 rows are not finite (first: row 17, counted from 0)"
  std::string not_finite_in(std::string const& file) const {
    return file + ": " + std::to_string(not_finite) + " of " + std::to_string(rows) +
           " rows are not finite (first: row " + std::to_string(first_not_finite) +
           ", counted from 0)";
  }

 private:
  template <class T>
  std::string describe_too_large(matrix_view<T const> piece, index_t i) const {
    index_t j = 0;
    while (!is_too_large(piece(i, j))) ++j;
    char value[32];
    std::snprintf(value, sizeof value, "%g", element(piece(i, j)));
    return "row " + std::to_string(rows) + ", column " + std::to_string(j) + " is " + value;
  }
};

}  // namespace face_kit
