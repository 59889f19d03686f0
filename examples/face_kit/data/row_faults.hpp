// SPDX-License-Identifier: Apache-2.0
// Finds rows that are not finite, and zero rows, which have no direction.
#pragma once

#include <coupleface/view.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace face_kit {

using coupleface::index_t;
using coupleface::matrix_view;

template <class T>
double element(T x) {
  if constexpr (std::is_same_v<T, double>) return x;
  else return static_cast<double>(static_cast<float>(x));
}

/// Faults in rows that are passed in order, piece by piece.
struct row_faults {
  index_t rows = 0, not_finite = 0, first_not_finite = -1;
  std::vector<index_t> zero;

  template <class T>
  void look(matrix_view<T const> piece) {
    index_t const count = piece.extent(0), width = piece.extent(1);
    std::vector<unsigned char> kinds(static_cast<std::size_t>(count));
#pragma omp parallel for schedule(static)
    for (index_t i = 0; i < count; ++i) {
      bool finite = true, zeros = true;
      for (index_t j = 0; j < width; ++j) {
        finite = finite && std::isfinite(element(piece(i, j)));
        zeros = zeros && element(piece(i, j)) == 0;
      }
      kinds[static_cast<std::size_t>(i)] = !finite ? 2 : zeros ? 1 : 0;
    }
    for (index_t i = 0; i < count; ++i, ++rows) {
      auto const kind = kinds[static_cast<std::size_t>(i)];
      if (kind == 1) zero.push_back(rows);
      if (kind == 2 && not_finite++ == 0) first_not_finite = rows;
    }
  }

  /// "FILE: 2 of 480 rows are not finite (first: row 17, counted from 0)"
  std::string not_finite_in(std::string const& file) const {
    return file + ": " + std::to_string(not_finite) + " of " + std::to_string(rows) +
           " rows are not finite (first: row " + std::to_string(first_not_finite) +
           ", counted from 0)";
  }
};

}  // namespace face_kit
