// SPDX-License-Identifier: Apache-2.0
// The rows to mine if they are not the file's own rows: class prototypes or centred rows. The file
// is read in order, piece by piece.
#pragma once

#include <thrust/system/omp/execution_policy.h>

#include <coupleface/prototypes.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "face_kit/data/row_files.hpp"
#include "face_kit/run/interruption.hpp"
#include "face_kit/run/progress.hpp"
#include "face_kit/data/row_faults.hpp"

namespace mine_relations {

using namespace face_kit;

inline constexpr index_t rows_of_piece = 1 << 14;

/// Calls body(first row, number of rows) for each piece.
template <class Body>
void for_each_piece(char const* doing, index_t rows, Body body) {
  progress shown(doing, "row", 0, rows);
  for (index_t first = 0; first < rows; first += rows_of_piece) {
    stop_if_interrupted();
    index_t const count = std::min(rows_of_piece, rows - first);
    body(first, count);
    shown.show(first + count);
  }
}

/// Mean of the rows with a label, each column summed in order. Rows that are not finite are left
/// out: they would make the mean, and so the relations of every class, NaN.
template <class T>
std::vector<float> mean_row(matrix_view<T const> rows, std::vector<std::int32_t> const& labels) {
  index_t const width = rows.extent(1);
  std::vector<double> sums(static_cast<std::size_t>(width));
  double* const sum = sums.data();
  index_t counted = 0;
  std::vector<unsigned char> counts(static_cast<std::size_t>(rows_of_piece));
  for_each_piece("mean", rows.extent(0), [&](index_t first, index_t count) {
    index_t const columns = 64;
#pragma omp parallel for schedule(static)
    for (index_t i = 0; i < count; ++i) {
      bool counted_row = labels[static_cast<std::size_t>(first + i)] >= 0;
      for (index_t j = 0; counted_row && j < width; ++j)
        counted_row = std::isfinite(element(rows(first + i, j)));
      counts[static_cast<std::size_t>(i)] = counted_row;
    }
#pragma omp parallel for schedule(static)
    for (index_t begin = 0; begin < width; begin += columns) {
      index_t const end = std::min(width, begin + columns);
      for (index_t i = first; i < first + count; ++i) {
        if (!counts[static_cast<std::size_t>(i - first)]) continue;
        for (index_t j = begin; j < end; ++j) sum[j] += element(rows(i, j));
      }
    }
    for (index_t i = 0; i < count; ++i) counted += counts[static_cast<std::size_t>(i)];
  });
  std::vector<float> mean;
  for (double const s : sums) mean.push_back(static_cast<float>(s / double(counted)));
  return mean;
}

/// Rows first .. first + count - 1 minus the mean, into `out`.
template <class T>
void subtract_mean(matrix_view<T const> rows, index_t first, index_t count,
                   std::vector<float> const& mean, float* out) {
  index_t const width = rows.extent(1);
#pragma omp parallel for schedule(static)
  for (index_t i = 0; i < count; ++i) {
    for (index_t j = 0; j < width; ++j) {
      out[i * width + j] = static_cast<float>(element(rows(first + i, j)) -
                                              double(mean[static_cast<std::size_t>(j)]));
    }
  }
}

/// Faults of a file whose rows are classes.
template <class T>
row_faults faults_of(matrix_view<T const> rows) {
  row_faults faults;
  for_each_piece("rows", rows.extent(0), [&](index_t first, index_t count) {
    faults.look(matrix_view<T const>(rows.row(first), count, rows.extent(1)));
  });
  return faults;
}

/// Numbers of the nonzero rows, in order.
inline std::vector<std::int32_t> rows_that_are_not_zero(row_faults const& faults) {
  std::vector<std::int32_t> present;
  auto zero = faults.zero.begin();
  for (index_t i = 0; i < faults.rows; ++i) {
    if (zero != faults.zero.end() && *zero == i) ++zero;
    else present.push_back(static_cast<std::int32_t>(i));
  }
  return present;
}

/// A copy of the selected rows of a file.
template <class T>
std::vector<T> some_rows(matrix_view<T const> rows, std::vector<std::int32_t> const& which,
                         std::string const& file) {
  index_t const width = rows.extent(1);
  expect_memory(file + ": skipping rows that are zero keeps the others in memory",
                static_cast<index_t>(which.size()), width, sizeof(T));
  std::vector<T> result;
  result.reserve(which.size() * static_cast<std::size_t>(width));
  for (std::int32_t const i : which) {
    result.insert(result.end(), rows.row(i), rows.row(i) + width);
  }
  return result;
}

/// A copy of the rows in `which`, minus their mean.
template <class T>
std::vector<float> centred_rows(matrix_view<T const> rows, std::vector<std::int32_t> const& which,
                                std::string const& file) {
  index_t const width = rows.extent(1);
  expect_memory(file + ": --centre keeps its rows in memory", static_cast<index_t>(which.size()),
                width, 4);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows.extent(0)), -1);
  for (std::int32_t const i : which) labels[static_cast<std::size_t>(i)] = 0;
  std::vector<float> const mean = mean_row(rows, labels);
  std::vector<float> result(which.size() * static_cast<std::size_t>(width));
  float* out = result.data();
  for_each_piece("centring", rows.extent(0), [&](index_t first, index_t count) {
    for (index_t i = first, end; i < first + count; i = end + 1) {
      for (end = i; end < first + count && labels[static_cast<std::size_t>(end)] >= 0;) ++end;
      subtract_mean(rows, i, end - i, mean, out);
      out += (end - i) * width;
    }
  });
  return result;
}

/// [classes that have rows, d]: unit means of unit embeddings.
template <class T>
std::vector<float> class_rows(matrix_view<T const> rows, sample_labels const& labels, bool centre,
                              std::string const& file, row_faults& faults) {
  auto const& policy = thrust::omp::par;
  index_t const width = rows.extent(1), classes = static_cast<index_t>(labels.present.size());
  expect_memory(file + ": sums of the classes", classes, width, sizeof(double) + sizeof(float));
  std::vector<float> const mean = centre ? mean_row(rows, labels.of) : std::vector<float>{};
  std::vector<float> piece(centre ? static_cast<std::size_t>(rows_of_piece * width) : 0);
  auto const numbers = without_gaps(labels);
  coupleface::prototype_sums<> sums(classes, width);
  for_each_piece("class means", rows.extent(0), [&](index_t first, index_t count) {
    coupleface::vector_view<std::int32_t const> const own(numbers.data() + first, count);
    matrix_view<T const> const there(rows.row(first), count, width);
    faults.look(there);
    if (!centre) {
      sums.add(policy, there, own);
    } else {
      subtract_mean(rows, first, count, mean, piece.data());
      sums.add(policy, matrix_view<float const>(piece.data(), count, width), own);
    }
  });
  std::vector<float> result(static_cast<std::size_t>(classes * width));
  sums.finish(policy, matrix_view<float>(result.data(), classes, width));
  return result;
}

}  // namespace mine_relations
