// coupleface: FCD, one row at a time, host side.
#pragma once

#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/sum.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// || a / ||a|| - b / ||b|| ||^2 given the two inverse norms.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double unit_squared_distance(A const* a, double a_inverse, B const* b,
                                                           double b_inverse, index_t width) {
  double lanes[dot_lanes] = {};
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    for (int l = 0; l < dot_lanes; ++l) {
      double const gap = std::fma(load(a[j + l]), a_inverse, -(load(b[j + l]) * b_inverse));
      lanes[l] = std::fma(gap, gap, lanes[l]);
    }
  }
  for (int l = 0; j + l < width; ++l) {
    double const gap = std::fma(load(a[j + l]), a_inverse, -(load(b[j + l]) * b_inverse));
    lanes[l] = std::fma(gap, gap, lanes[l]);
  }
  return fold(lanes);
}

/// Value of one row and, unless it is no_gradient, its gradient. A degenerate teacher has inverse 0
/// and so asks for nothing; a degenerate student is handled by the projection.
template <class S, class T, class G>
COUPLEFACE_HOST_DEVICE inline double fcd_row(S const* s, T const* t, index_t width, double scale,
                                             G gradient) {
  double const s_norm = row_norm(s, width);
  double const t_inverse = inverse_norm<T>(row_norm(t, width));
  double const value = unit_squared_distance(s, inverse_norm<S>(s_norm), t, t_inverse, width);
  if constexpr (!std::is_same_v<G, no_gradient>) {
    project_gradient(s, s_norm, t, scale * t_inverse, gradient, width);
  }
  return value;
}

template <class Derived, class S, class T, class L, class Gradient>
void fcd_loss(host_policy<Derived> const& base, matrix_view<S const> student,
              matrix_view<T const> teacher, scalar_view<L> loss, Gradient gradient) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = student.extent(0);
  scratch<double, Derived> const row_losses(policy, n);
  double* const terms = row_losses.data();
  for_each_index(policy, n, [=](index_t i) {
    if constexpr (std::is_same_v<Gradient, no_gradient>) {
      terms[i] = fcd_row(student.row(i), teacher.row(i), student.extent(1), 0.0, gradient);
    } else {
      terms[i] = fcd_row(student.row(i), teacher.row(i), student.extent(1), -2.0 / double(n),
                         gradient.row(i));
    }
  });
  store_sum(policy, terms, n, 1.0 / double(n), loss.data_handle());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
