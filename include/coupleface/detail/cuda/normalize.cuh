// SPDX-License-Identifier: Apache-2.0
// coupleface: row normalisation on a CUDA device: a team of threads per row.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/normalize.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class X, class Y>
struct normalize_rows_body {
  matrix_view<X const> x;
  matrix_view<Y> y;
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    normalize_row(team, x.row(i), y.row(i), x.extent(1));
  }
};

template <class X, class G, class R>
struct project_rows_body {
  matrix_view<X const> x;
  matrix_view<G const> y_gradient;
  matrix_view<R> x_gradient;
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    project_gradient(team, x.row(i), row_norm(team, x.row(i), x.extent(1)), y_gradient.row(i), 1.0,
                     x_gradient.row(i), x.extent(1));
  }
};

template <class T>
struct row_norms_body {
  matrix_view<T const> x;
  double* norms;
  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    double const norm = row_norm(team, x.row(i), x.extent(1));
    if (team.leads()) { norms[i] = norm; }
  }
};

template <class Derived, class X, class Y>
void normalize_rows(cuda_policy<Derived> const& policy, matrix_view<X const> x, matrix_view<Y> y) {
  launch_rows<vector_elements<X, Y>>(policy, x.extent(0), normalize_rows_body<X, Y>{x, y});
}

template <class Derived, class X, class G, class R>
void normalize_rows_gradient(cuda_policy<Derived> const& policy, matrix_view<X const> x,
                             matrix_view<G const> y_gradient, matrix_view<R> x_gradient) {
  launch_rows<vector_elements<X, G>>(policy, x.extent(0),
                                     project_rows_body<X, G, R>{x, y_gradient, x_gradient});
}

template <class Derived, class T>
void row_norms(cuda_policy<Derived> const& policy, matrix_view<T const> x, double* norms) {
  launch_rows<vector_elements<T>>(policy, x.extent(0), row_norms_body<T>{x, norms});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
