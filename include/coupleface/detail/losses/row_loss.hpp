// SPDX-License-Identifier: Apache-2.0
// coupleface: losses that compare each student row with its own teacher row, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/simd/row_kernels.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/settings/penalty.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// phi(1 - cos) of a row.
template <class Penalty>
struct angular_row {
  Penalty penalty;

  template <class S, class T, class G>
  double operator()(S const* s, T const* t, index_t width, double mean, G gradient) const {
    auto const a = make_row(s, width);
    auto const b = make_row(t, width);
    penalty_value const at = penalty(1 - row_cosine(a, b));
    if constexpr (!std::is_same_v<G, no_gradient>) {
      double const along_teacher = -at.slope * mean * inverse_norm<T>(b.norm);
      project_gradient(s, a.norm, t, along_teacher, gradient, width);
    }
    return at.value;
  }
};

/// || s - t ||^2 of a row.
struct feature_row {
  static constexpr index_t piece = 256;

  template <class S, class T, class G>
  double operator()(S const* s, T const* t, index_t width, double mean, G gradient) const {
    double sum = 0;
    for (index_t first = 0; first < width; first += piece) {
      double gap[std::size_t(piece)];
      index_t const used = std::min(piece, width - first);
      for (index_t j = 0; j < used; ++j) { gap[j] = load(s[first + j]) - load(t[first + j]); }
      sum += dot(gap, gap, used);
      if constexpr (!std::is_same_v<G, no_gradient>) {
        transform(gradient + first, used, scaled_by{2 * mean}, gap);
      }
    }
    return sum;
  }
};

/// L = 1/n sum_i row(s_i, t_i), and its gradient unless that is no_gradient.
template <class Derived, class S, class T, class L, class Gradient, class Row>
void row_loss(host_policy<Derived> const& base, char const* function, matrix_view<S> student,
              matrix_view<T> teacher, scalar_view<L> loss, Gradient gradient, Row row) {
  expect_same_shape(function, "teacher", teacher, "student", student);
  expect_view(function, "loss", loss);
  check_pair_gradient(function, student, gradient);
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = student.extent(0), width = student.extent(1);
  double const mean = n == 0 ? 0.0 : 1.0 / double(n);
  scratch<double, Derived> const row_losses(policy, n);
  for_each_index(policy, n, [=, terms = row_losses.data()](index_t i) {
    if constexpr (std::is_same_v<Gradient, no_gradient>) {
      terms[i] = row(student.row(i), teacher.row(i), width, mean, gradient);
    } else {
      terms[i] = row(student.row(i), teacher.row(i), width, mean, gradient.row(i));
    }
  });
  store_sum(policy, row_losses.data(), n, mean, loss.data_handle());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
