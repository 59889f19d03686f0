// The rows that are mined where they are not simply those of the file: class prototypes, centred
// rows. The file is read in order, piece by piece.
#pragma once

#include <thrust/system/omp/execution_policy.h>

#include <coupleface/prototypes.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "inputs.hpp"
#include "progress.hpp"

namespace mine_relations {

inline constexpr index_t rows_of_piece = 1 << 14;

/// Calls body(first row, rows) for each piece.
template <class Body>
void for_each_piece(char const* doing, index_t rows, Body body) {
  progress shown(doing, "row", 0, rows);
  for (index_t first = 0; first < rows; first += rows_of_piece) {
    if (interruption_requested()) throw interrupted{};
    index_t const count = std::min(rows_of_piece, rows - first);
    body(first, count);
    shown.show(first + count);
  }
}

template <class T>
double element(T x) {
  if constexpr (std::is_same_v<T, double>) return x;
  else return static_cast<double>(static_cast<float>(x));
}

/// Mean of the rows with a label (all, where there are no labels), each column summed in order.
template <class T>
std::vector<float> mean_row(matrix_view<T const> rows, std::vector<std::int32_t> const& labels) {
  index_t const width = rows.extent(1);
  std::vector<double> sums(static_cast<std::size_t>(width));
  double* const sum = sums.data();
  index_t counted = 0;
  auto const counts = [&](index_t i) {
    return labels.empty() || labels[static_cast<std::size_t>(i)] >= 0;
  };
  for_each_piece("mean", rows.extent(0), [&](index_t first, index_t count) {
    index_t const columns = 64;
#pragma omp parallel for schedule(static)
    for (index_t begin = 0; begin < width; begin += columns) {
      index_t const end = std::min(width, begin + columns);
      for (index_t i = first; i < first + count; ++i) {
        if (!counts(i)) continue;
        for (index_t j = begin; j < end; ++j) sum[j] += element(rows(i, j));
      }
    }
    for (index_t i = first; i < first + count; ++i) counted += counts(i);
  });
  std::vector<float> mean;
  for (double const s : sums) mean.push_back(static_cast<float>(s / double(counted)));
  return mean;
}

/// Rows first .. first + count - 1 less the mean, into `out`.
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

/// [n, d], in memory.
template <class T>
std::vector<float> centred_rows(matrix_view<T const> rows, std::string const& file) {
  index_t const width = rows.extent(1);
  expect_memory(file + ": --centre keeps its rows in memory", rows.extent(0), width, 4);
  std::vector<float> const mean = mean_row(rows, {});
  std::vector<float> result(static_cast<std::size_t>(rows.extent(0) * width));
  for_each_piece("centring", rows.extent(0), [&](index_t first, index_t count) {
    subtract_mean(rows, first, count, mean, result.data() + first * width);
  });
  return result;
}

/// [C, d]: unit means of unit embeddings; zero where a class has no samples.
template <class T>
std::vector<float> class_rows(matrix_view<T const> rows, sample_labels const& labels, bool centre,
                              std::string const& file) {
  auto const& policy = thrust::omp::par;
  index_t const width = rows.extent(1);
  expect_memory(file + ": the largest label + 1 is the number of classes, their sums",
                labels.classes, width, sizeof(double) + sizeof(float));
  std::vector<float> const mean = centre ? mean_row(rows, labels.of) : std::vector<float>{};
  std::vector<float> piece(centre ? static_cast<std::size_t>(rows_of_piece * width) : 0);
  coupleface::prototype_sums<> sums(labels.classes, width);
  for_each_piece("class means", rows.extent(0), [&](index_t first, index_t count) {
    coupleface::vector_view<std::int32_t const> const own(labels.of.data() + first, count);
    if (!centre) {
      sums.add(policy, matrix_view<T const>(rows.row(first), count, width), own);
    } else {
      subtract_mean(rows, first, count, mean, piece.data());
      sums.add(policy, matrix_view<float const>(piece.data(), count, width), own);
    }
  });
  std::vector<float> result(static_cast<std::size_t>(labels.classes * width));
  sums.finish(policy, matrix_view<float>(result.data(), labels.classes, width));
  return result;
}

}  // namespace mine_relations
