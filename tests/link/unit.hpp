// The body of both units: the one that includes this has set the macros that it wants.
#pragma once

#include <coupleface_all_headers.hpp>

#include <thrust/execution_policy.h>

#include "results.hpp"

#include <cstddef>

namespace {

results compute() {
  constexpr std::int64_t rows = 70, columns = 35, wanted = 4;
  std::vector<float> features(rows * columns);
  std::uint32_t state = 1;
  for (float& x : features) {
    state = state * 1664525u + 1013904223u;
    x = static_cast<float>(state >> 8) / 16777216.0f - 0.5f;
  }
  coupleface::matrix_view<float> const view(features.data(), rows, columns);

  results made;
  made.values.resize(rows * wanted);
  made.indices.resize(rows * wanted);
  coupleface::mine_nearest(
      thrust::seq, view, view, coupleface::matrix_view<float>(made.values.data(), rows, wanted),
      coupleface::matrix_view<std::int32_t>(made.indices.data(), rows, wanted));

  std::vector<float> unit(features.size());
  coupleface::matrix_view<float> const unit_view(unit.data(), rows, columns);
  coupleface::normalize_rows(thrust::seq, view, unit_view);
  coupleface::fcd_loss(thrust::seq,
                       coupleface::matrix_view<float>(features.data(), rows - 1, columns),
                       coupleface::matrix_view<float>(unit.data() + columns, rows - 1, columns),
                       coupleface::scalar_view<double>(&made.loss));
  return made;
}

}  // namespace
