// SPDX-License-Identifier: Apache-2.0
#include "face_kit/distillation/teacher_variation.hpp"

#include <thrust/system/omp/execution_policy.h>

#include <algorithm>
#include <cmath>
#include <coupleface/mining/nearest.hpp>
#include <coupleface/prototypes.hpp>
#include <stdexcept>

namespace face_kit {
namespace {

using coupleface::index_t;

double dot(float const* a, float const* b, index_t width) {
  double sum = 0;
  for (index_t j = 0; j < width; ++j) sum += double{a[j]} * double{b[j]};
  return sum;
}

struct class_relations {
  std::vector<float> prototypes;    ///< [classes, d]
  std::vector<std::int32_t> table;  ///< [classes, k], -1 where there are too few
};

class_relations relations_of(coupleface::matrix_view<float const> teacher,
                             std::vector<std::int32_t> const& train_labels, index_t classes,
                             index_t k) {
  index_t const width = teacher.extent(1);
  class_relations of{std::vector<float>(static_cast<std::size_t>(classes * width)),
                     std::vector<std::int32_t>(static_cast<std::size_t>(classes * k))};
  std::vector<float> values(of.table.size());
  coupleface::class_prototypes(
      thrust::omp::par, teacher,
      coupleface::vector_view<std::int32_t const>(train_labels.data(), teacher.extent(0)),
      coupleface::matrix_view<float>(of.prototypes.data(), classes, width));
  coupleface::matrix_view<float const> const bank(of.prototypes.data(), classes, width);
  coupleface::mine_nearest(thrust::omp::par, bank, bank,
                           coupleface::matrix_view<float>(values.data(), classes, k),
                           coupleface::matrix_view<std::int32_t>(of.table.data(), classes, k));
  return of;
}

}  // namespace

double variation_within_people(coupleface::matrix_view<float const> teacher,
                               std::vector<int> const& train,
                               std::vector<std::int32_t> const& labels, int classes, int k,
                               double quantile) {
  std::vector<int> images(static_cast<std::size_t>(classes));
  std::vector<std::int32_t> train_labels(labels.size(), -1);  // -1: in no prototype
  for (int const row : train) {
    train_labels[row] = labels[row];
    ++images[labels[row]];
  }
  auto const of = relations_of(teacher, train_labels, classes, k);
  index_t const width = teacher.extent(1);
  coupleface::matrix_view<float const> const prototypes(of.prototypes.data(), classes, width);
  coupleface::matrix_view<std::int32_t const> const table(of.table.data(), classes, k);

  std::vector<int> counted;
  for (int const row : train)
    if (images[labels[row]] > 1) counted.push_back(row);
  auto const n = static_cast<index_t>(counted.size());
  std::vector<double> gaps(static_cast<std::size_t>(n * k), -1);
#pragma omp parallel for
  for (index_t i = 0; i < n; ++i) {
    int const row = counted[static_cast<std::size_t>(i)], own = labels[row];
    for (int j = 0; j < k; ++j) {
      auto const c = table(own, j);
      if (c < 0) continue;
      gaps[static_cast<std::size_t>(i * k + j)] =
          std::abs(dot(teacher.row(row), prototypes.row(c), width) -
                   dot(prototypes.row(own), prototypes.row(c), width));
    }
  }
  gaps.erase(std::remove(gaps.begin(), gaps.end(), -1.0), gaps.end());
  if (gaps.empty())
    throw std::runtime_error("--q-quantile: no person has two training images, so nothing varies");
  auto const count = static_cast<double>(gaps.size());
  auto const at = static_cast<std::ptrdiff_t>(std::max(0.0, std::ceil(quantile * count) - 1));
  std::nth_element(gaps.begin(), gaps.begin() + at, gaps.end());
  return gaps[static_cast<std::size_t>(at)];
}

}  // namespace face_kit
