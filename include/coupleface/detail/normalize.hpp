// SPDX-License-Identifier: Apache-2.0
// coupleface: row normalisation, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/row.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Team, class X, class Y>
COUPLEFACE_HOST_DEVICE inline void normalize_row(Team const& team, X const* x, Y* y,
                                                 index_t width) {
  double const inverse = inverse_norm<X>(row_norm(team, x, width));
  team.transform(y, width, scaled_by{inverse}, x);
}

template <class X, class Y>
COUPLEFACE_HOST_DEVICE inline void normalize_row(X const* x, Y* y, index_t width) {
  normalize_row(one_thread{}, x, y, width);
}

/// g . x / ||x||, scaled. For doubles each factor is scaled first: a product may overflow or
/// underflow although the result does not.
template <class Team, class G, class X>
COUPLEFACE_HOST_DEVICE inline double component_along(Team const& team, G const* g, double g_scale,
                                                     X const* x, double inverse, index_t width) {
  if (inverse == 0) { return 0; }
  if constexpr (std::is_same_v<X, double>) {
    return team.scaled_dot(g, g_scale, x, inverse, width);
  } else {
    return team.dot(g, x, width) * g_scale * inverse;
  }
}

/// out = (g - (g . u) u) / ||x|| with u = x / ||x||; `g` may be `out`.
template <class Team, class X, class G, class R>
COUPLEFACE_HOST_DEVICE inline void project_gradient(Team const& team, X const* x, double x_norm,
                                                    G const* g, double g_scale, R* out,
                                                    index_t width) {
  double const inverse = inverse_norm<X>(x_norm);
  double const along = component_along(team, g, g_scale, x, inverse, width);
  team.transform(out, width, across_direction{g_scale, along, inverse}, g, x);
}

template <class X, class G, class R>
COUPLEFACE_HOST_DEVICE inline void project_gradient(X const* x, double x_norm, G const* g,
                                                    double g_scale, R* out, index_t width) {
  project_gradient(one_thread{}, x, x_norm, g, g_scale, out, width);
}

template <class Derived, class X, class Y>
void normalize_rows(host_policy<Derived> const& policy, matrix_view<X const> x, matrix_view<Y> y) {
  for_each_index(static_cast<Derived const&>(policy), x.extent(0),
                 [=](index_t i) { normalize_row(x.row(i), y.row(i), x.extent(1)); });
}

template <class Derived, class X, class G, class R>
void normalize_rows_gradient(host_policy<Derived> const& policy, matrix_view<X const> x,
                             matrix_view<G const> y_gradient, matrix_view<R> x_gradient) {
  for_each_index(static_cast<Derived const&>(policy), x.extent(0), [=](index_t i) {
    project_gradient(x.row(i), row_norm(x.row(i), x.extent(1)), y_gradient.row(i), 1.0,
                     x_gradient.row(i), x.extent(1));
  });
}

template <class Derived, class T>
void row_norms(host_policy<Derived> const& policy, matrix_view<T const> x, double* norms) {
  for_each_index(static_cast<Derived const&>(policy), x.extent(0),
                 [=](index_t i) { norms[i] = row_norm(x.row(i), x.extent(1)); });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/normalize.cuh>
#endif
