// SPDX-License-Identifier: Apache-2.0
// coupleface: FCD on a CUDA device: a team of threads per row.
//
// Both rows are read from memory once; later reads hit the nearest cache.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/cuda/sum.cuh>
#include <coupleface/detail/losses/fcd.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The terms of unit_squared_distance.
struct unit_gap_term {
  double a_inverse;
  double b_inverse;
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double operator()(double sum, A const& a, B const& b) const {
    double const gap = std::fma(load(a), a_inverse, -rounded_product(load(b), b_inverse));
    return std::fma(gap, gap, sum);
  }
};

template <class S, class T, class Gradient>
struct fcd_body {
  matrix_view<S const> student;
  matrix_view<T const> teacher;
  double* terms;
  Gradient gradient;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    S const* const s = student.row(i);
    T const* const t = teacher.row(i);
    index_t const width = student.extent(1);
    double const scale = -2.0 / double(student.extent(0));
    if constexpr (std::is_same_v<S, double> || std::is_same_v<T, double>) {
      double const s_norm = row_norm(team, s, width);
      double const t_inverse = inverse_norm<T>(row_norm(team, t, width));
      store_value(team, i, {inverse_norm<S>(s_norm), t_inverse});
      if constexpr (!std::is_same_v<Gradient, no_gradient>) {
        project_gradient(team, s, s_norm, t, scale * t_inverse, gradient.row(i), width);
      }
    } else {
      double of_student[2];
      team.dots(s, static_cast<S*>(nullptr), width, of_student, t);
      double const inner[3] = {of_student[0], of_student[1], team.dot(t, t, width)};
      fcd_factors const f = make_fcd_factors<S, T>(inner, scale);
      store_value(team, i, {f.s_inverse, f.t_inverse});
      if constexpr (!std::is_same_v<Gradient, no_gradient>) {
        auto const of_rows = [=](double x, double y) {
          return f.s_inverse == 0 ? 0.0 : std::fma(x, f.of_s, rounded_product(y, f.of_t));
        };
        team.transform(gradient.row(i), width, of_rows, s, t);
      }
    }
  }

 private:
  template <class Team>
  COUPLEFACE_HOST_DEVICE void store_value(Team const& team, index_t i, unit_gap_term term) const {
    double const value = team.sum(student.row(i), teacher.row(i), student.extent(1), term);
    if (team.leads()) { terms[i] = value; }
  }
};

template <class Derived, class S, class T, class L, class Gradient>
void fcd_loss(cuda_policy<Derived> const& base, matrix_view<S const> student,
              matrix_view<T const> teacher, scalar_view<L> loss, Gradient gradient) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = student.extent(0);
  scratch<double, Derived> const terms(policy, n);
  launch_rows<vector_elements<S, T>>(
      policy, n, fcd_body<S, T, Gradient>{student, teacher, terms.data(), gradient});
  store_sum(policy, terms.data(), n, 1.0 / double(n), loss.data_handle());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
