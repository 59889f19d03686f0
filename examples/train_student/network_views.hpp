// SPDX-License-Identifier: Apache-2.0
// Library views of the example's containers: of a tensor and of a row-major Eigen matrix.
#pragma once

#include <coupleface/view.hpp>

#include "layers.hpp"

namespace train_student {

inline coupleface::matrix_view<float const> view_of(tensor<float> const& t) {
  return coupleface::make_matrix_view(t.data.data(), t.images, t.dims.size());
}
template <class T>
coupleface::matrix_view<T const> view_of(matrix<T> const& m) {
  return coupleface::make_matrix_view(m.data(), m.rows(), m.cols());
}
template <class T>
coupleface::matrix_view<T> view_of(matrix<T>& m) {
  return coupleface::make_matrix_view(m.data(), m.rows(), m.cols());
}

}  // namespace train_student
