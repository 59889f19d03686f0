// coupleface: FCD, one row at a time, host side.
#pragma once

#include <coupleface/detail/dots.hpp>
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
COUPLEFACE_HOST_DEVICE inline double portable_fcd_row(S const* s, T const* t, index_t width,
                                                      double scale, G gradient) {
  double const s_norm = row_norm(s, width);
  double const t_inverse = inverse_norm<T>(row_norm(t, width));
  double const value = unit_squared_distance(s, inverse_norm<S>(s_norm), t, t_inverse, width);
  if constexpr (!std::is_same_v<G, no_gradient>) {
    project_gradient(s, s_norm, t, scale * t_inverse, gradient, width);
  }
  return value;
}

#if COUPLEFACE_DOTS_AVX512
/// The same in two passes: norms and inner product, then value and gradient.
template <class G>
COUPLEFACE_AVX512 double avx512_fcd_row(float const* s, float const* t, index_t width, double scale,
                                        G gradient) {
  constexpr bool with_gradient = !std::is_same_v<G, no_gradient>;
  double of_student[2], of_teacher[1];
  dots<2>(s, {s, t}, width, of_student, s + width);
  dots<1>(t, {t}, width, of_teacher, t + width);
  double const s_inverse = inverse_norm<float>(std::sqrt(of_student[0]));
  double const t_inverse = inverse_norm<float>(std::sqrt(of_teacher[0]));
  if (s_inverse == 0) { return portable_fcd_row(s, t, width, scale, gradient); }
  double const t_scale = scale * t_inverse;
  double const along = of_student[1] * t_scale * s_inverse;
  double8v const zero = {};
  double8v const si = zero + s_inverse, ti = zero + t_inverse, ts = zero + t_scale;
  double8v const a = zero + along;
  double8v sums[2] = {};
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      double8v const x = load_widened(s + j + 8 * half), y = load_widened(t + j + 8 * half);
      double8v const gap = fused_multiply_add(x, si, -(y * ti));
      sums[half] = fused_multiply_add(gap, gap, sums[half]);
      if constexpr (with_gradient) {
        store_narrowed(gradient + j + 8 * half, (y * ts - a * (x * si)) * si);
      }
    }
  }
  double lanes[dot_lanes];
  store_vector(lanes, sums[0]);
  store_vector(lanes + 8, sums[1]);
  for (int l = 0; j + l < width; ++l) {
    double const x = s[j + l], y = t[j + l];
    double const gap = std::fma(x, s_inverse, -(y * t_inverse));
    lanes[l] = std::fma(gap, gap, lanes[l]);
    if constexpr (with_gradient) {
      gradient[j + l] = float((y * t_scale - along * (x * s_inverse)) * s_inverse);
    }
  }
  return fold(lanes);
}
#endif

template <class S, class T, class G>
COUPLEFACE_HOST_DEVICE inline double fcd_row(S const* s, T const* t, index_t width, double scale,
                                             G gradient) {
#if COUPLEFACE_DOTS_AVX512
  if constexpr (std::is_same_v<S, float> && std::is_same_v<T, float> &&
                (std::is_same_v<G, no_gradient> || std::is_same_v<G, float*>)) {
    return avx512_fcd_row(s, t, width, scale, gradient);
  }
#endif
  return portable_fcd_row(s, t, width, scale, gradient);
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
