// SPDX-License-Identifier: Apache-2.0
// Reads rows from a file, as float32 in memory.
#pragma once

#include <coupleface/view.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "face_kit/data/row_files.hpp"
#include "face_kit/data/row_faults.hpp"

namespace evaluate {

using coupleface::index_t;
using coupleface::matrix_view;
using coupleface::vector_view;

template <class T>
vector_view<T const> view_of(std::vector<T> const& v) {
  return {v.data(), static_cast<index_t>(v.size())};
}

struct row_matrix {
  index_t rows = 0, width = 0;
  std::vector<float> values;

  matrix_view<float const> view() const { return {values.data(), rows, width}; }
  /// The bytes of a row.
  std::string_view bytes(index_t row) const {
    return {reinterpret_cast<char const*>(values.data() + row * width),
            static_cast<std::size_t>(width) * sizeof(float)};
  }
  bool operator==(row_matrix const& other) const {
    return rows == other.rows && width == other.width &&
           std::memcmp(values.data(), other.values.data(), values.size() * sizeof(float)) == 0;
  }
};

inline row_matrix read_rows(std::string const& file) {
  return std::visit(
      [&](auto const& array) {
        auto const there = array.matrix();
        face_kit::row_faults faults;
        faults.look(there);
        faults.expect_float32(file);
        row_matrix result{there.extent(0), there.extent(1), {}};
        result.values.reserve(static_cast<std::size_t>(array.size()));
        for (index_t i = 0; i < array.size(); ++i) {
          result.values.push_back(static_cast<float>(array.data()[i]));
        }
        return result;
      },
      face_kit::open_rows(file));
}

/// @brief Whether both matrices hold the same rows, up to a scale of each row and up to rounding to
/// float16 or bfloat16: row i of one and row i of the other, as unit vectors, differ by less than
/// 1e-3 of the variance of all rows. Nearly equal embeddings of different images do not pass. Rows
/// that are zero or not finite must be so on both sides.
inline bool same_directions(row_matrix const& a, row_matrix const& b) {
  if (a.rows != b.rows || a.width != b.width || a.rows == 0) return false;
  std::vector<double> mean(static_cast<std::size_t>(a.width));
  double largest = 0;  // 1 - cosine
  index_t counted = 0;
  for (index_t i = 0; i < a.rows; ++i) {
    auto const x = a.view().row(i), y = b.view().row(i);
    double xx = 0, yy = 0, xy = 0;
    for (index_t j = 0; j < a.width; ++j) {
      xx += double(x[j]) * double(x[j]);
      yy += double(y[j]) * double(y[j]);
      xy += double(x[j]) * double(y[j]);
    }
    bool const x_has_direction = std::isfinite(xx) && xx > 0;
    if (x_has_direction != (std::isfinite(yy) && yy > 0)) return false;
    if (!x_has_direction) continue;
    ++counted;
    largest = std::max(largest, 1 - xy / std::sqrt(xx * yy));
    for (index_t j = 0; j < a.width; ++j)
      mean[static_cast<std::size_t>(j)] += double(x[j]) / std::sqrt(xx);
  }
  if (counted == 0) return false;
  double squares = 0;
  for (double const m : mean) squares += m * m / (double(counted) * double(counted));
  double const float_rounding = 1e-12;
  return largest <= std::max(float_rounding, 1e-3 * (1 - squares));
}

/// Whether a gallery is the probes themselves.
inline bool is_same_set(row_matrix const& probes, row_matrix const& gallery) {
  return probes == gallery || same_directions(probes, gallery);
}

/// Keeps the rows whose numbers are in `kept`.
inline row_matrix some_rows(row_matrix const& all, std::vector<index_t> const& kept) {
  row_matrix result{static_cast<index_t>(kept.size()), all.width, {}};
  for (index_t const i : kept) {
    auto const* const row = all.values.data() + i * all.width;
    result.values.insert(result.values.end(), row, row + all.width);
  }
  return result;
}

/// The number of `rows` that also occur in `others`, bit for bit.
inline index_t count_rows_among(row_matrix const& rows, row_matrix const& others) {
  if (rows.width != others.width) return 0;
  std::unordered_set<std::string_view> there;
  for (index_t i = 0; i < others.rows; ++i) there.insert(others.bytes(i));
  index_t count = 0;
  for (index_t i = 0; i < rows.rows; ++i) count += there.count(rows.bytes(i)) > 0;
  return count;
}

/// A file of rows and the faults in it.
struct described_file {
  std::string use;  ///< embeddings, teacher, gallery
  std::string file;
  index_t rows, width;
  face_kit::row_faults faults;
};

inline described_file describe(std::string use, std::string file, row_matrix const& x) {
  described_file result{std::move(use), std::move(file), x.rows, x.width, {}};
  result.faults.look(x.view());
  return result;
}

}  // namespace evaluate
