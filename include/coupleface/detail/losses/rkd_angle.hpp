// SPDX-License-Identifier: Apache-2.0
// coupleface: angles of all triples of a batch's rows, host side.
//
// One lane owns a panel of rows k: it adds over all i and j in their order.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/angle_rows.hpp>
#include <coupleface/detail/losses/angle_triples.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/sum.hpp>

#include <algorithm>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Distances of student and teacher, and what d loss / d (squared distance) becomes.
template <class Penalty>
struct angle_walk {
  static constexpr index_t panel = panel_width<double>;
  static constexpr index_t most_lanes = 32;
  index_t n, rows;  ///< rows, and padded
  double const *s, *t;
  double *pulls, *values;
  Penalty penalty;

  index_t panels() const { return rows / panel; }
  index_t lanes() const { return lane_count(panels(), most_lanes); }
  /// Squared distances to the panel, and legs of one row.
  index_t lane_size() const { return (2 * panel + 4) * rows; }

  /// Panel p; pulls (j, k) += d loss / d D_jk as a leg at j, pulls (i, k) as the side opposite.
  void add_panel(index_t p, double* memory) const {
    double *const s_far = memory, *const t_far = s_far + rows * panel;
    double* const legs = t_far + rows * panel;
    double* const mine = pulls + p * rows * panel;
    std::fill(mine, mine + rows * panel, 0.0);
    for (index_t e = 0; e < rows * panel; ++e) {
      double const a = s[p * rows * panel + e], b = t[p * rows * panel + e];
      s_far[e] = a * a;
      t_far[e] = b * b;
    }
    double sum[std::size_t(panel)] = {};
    for (index_t j = 0; j < n; ++j) {
      add_vertex(p, j, s_far, t_far, {legs, legs + rows, legs + 2 * rows, legs + 3 * rows}, mine,
                 sum);
    }
    std::copy(sum, sum + panel, values + p * panel);
  }

  void add_vertex(index_t p, index_t j, double const* s_far, double const* t_far,
                  angle_legs_of const& legs, double* mine, double* sum) const {
    for (index_t q = 0; q < rows; q += panel) {
      angle_legs(s + q * rows + j * panel, panel, 0.5, legs.s_squares + q, legs.s_inverses + q);
      angle_legs(t + q * rows + j * panel, panel, 0.5, legs.t_squares + q, legs.t_inverses + q);
    }
    double near[4][std::size_t(panel)];
    angle_legs(s + (p * rows + j) * panel, panel, 1.0, near[0], near[1]);
    angle_legs(t + (p * rows + j) * panel, panel, 1.0, near[2], near[3]);
    angle_legs_of const to_panel{near[0], near[1], near[2], near[3]};
    index_t const first = p * panel, end = std::min(first + panel, n);
    angle_sums sums;
    add_angles<false>(penalty, 0, first, first, legs, to_panel, s_far, t_far, sums, mine);
    add_angles<true>(penalty, first, end, first, legs, to_panel, s_far, t_far, sums, mine);
    add_angles<false>(penalty, end, n, first, legs, to_panel, s_far, t_far, sums, mine);
    for (index_t l = 0; l < panel; ++l) {
      mine[j * panel + l] += 2 * sums.pulls[l] - near[1][l] * near[1][l] * sums.along[l];
      sum[l] += sums.values[l];
    }
  }

  /// pulls += their transpose, for the pairs of rows of panel p and of earlier ones.
  void add_transpose(index_t p) const {
    for (index_t b = p * panel; b < (p + 1) * panel; ++b) {
      for (index_t a = 0; a <= b; ++a) {
        double& above = pulls[(b / panel * rows + a) * panel + b % panel];
        double& below = pulls[(a / panel * rows + b) * panel + a % panel];
        above = below = a == b ? 0.0 : above + below;
      }
    }
  }
};

template <class Derived, class S, class T, class L, class Gradient, class Penalty>
void batch_angle_loss(host_policy<Derived> const& base, matrix_view<S const> student,
                      matrix_view<T const> teacher, scalar_view<L> loss, Gradient gradient,
                      Penalty penalty) {
  auto const& policy = static_cast<Derived const&>(base);
  constexpr index_t panel = angle_rows::panel;
  index_t const n = student.extent(0), rows = rounded_up(n, panel);
  angle_row_memory<Derived> const packed(policy, n, std::max(student.extent(1), teacher.extent(1)));
  line_scratch<double, Derived> const s(policy, rows * rows), t(policy, rows * rows),
      pulls(policy, rows * rows);
  scratch<double, Derived> const values(policy, rows);
  angle_rows const x = packed.rows();
  x.pack(policy, student, nullptr);
  x.distances(policy, student.extent(1), s.data());
  x.pack(policy, teacher, nullptr);
  x.distances(policy, teacher.extent(1), t.data());
  angle_walk<Penalty> const walk{n, rows, s.data(), t.data(), pulls.data(), values.data(), penalty};
  index_t const lanes = walk.lanes();
  line_scratch<double, Derived> const memory(policy, lanes * walk.lane_size());
  for_each_index(policy, lanes, [=, at = memory.data()](index_t lane) {
    for (index_t p = lane; p < walk.panels(); p += lanes) {
      walk.add_panel(p, at + lane * walk.lane_size());
    }
  });
  double const mean = n < 3 ? 0.0 : 1.0 / (double(n) * double(n - 1) * double(n - 2));
  store_sum(policy, values.data(), n < 3 ? 0 : n, mean, loss.data_handle());
  if constexpr (!std::is_same_v<Gradient, no_gradient>) {
    mean_of_rows<prepared::centred, Derived> const centre(policy, student);
    x.pack(policy, student, centre.data());
    for_each_index(policy, walk.panels(), [=](index_t p) { walk.add_transpose(p); });
    for_each_index(policy, walk.panels(), [=, q = pulls.data()](index_t p) {
      store_pull_gradient(x, q, mean, p, gradient);
    });
  }
}

/// Checks the arguments, and computes the loss. Gradient is a view or no_gradient.
template <class Policy, class S, class T, class L, class Gradient, class Penalty>
void angle_loss_of_batch(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                         scalar_view<L> loss, Gradient gradient, Penalty penalty) {
  check_pairs("rkd_angle_loss", student, teacher, loss, gradient);
  expect_valid("rkd_angle_loss", "a setting of the penalty is out of range", penalty);
  batch_angle_loss(policy, matrix_view<S const>(student), matrix_view<T const>(teacher), loss,
                   gradient, without_branches(penalty));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
