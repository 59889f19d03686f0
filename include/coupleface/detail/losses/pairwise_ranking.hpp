// SPDX-License-Identifier: Apache-2.0
// coupleface: the order of a batch's distances, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/angle_rows.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/random_order.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/settings/ranking.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rows a > b of pair v; pairs are numbered (1, 0), (2, 0), (2, 1), (3, 0) ...
struct row_pair {
  index_t a, b;

  static row_pair of(index_t v) {
    index_t a = index_t((1 + std::sqrt(1 + 8 * double(v))) / 2);
    while (a * (a - 1) / 2 > v) { --a; }
    while (a * (a + 1) / 2 <= v) { ++a; }
    return {a, v - a * (a - 1) / 2};
  }
};

/// All pairs of rows in a circle, in random order.
struct pair_circle {
  index_t pairs, comparisons;
  index_t* order;  ///< the pair at each place
  double *s, *t;   ///< its distances
  double *values, *slopes, *counts;

  /// order[x]: a permutation of more numbers, applied until the result is one of the pairs.
  void place(random_order const& permuted, angle_rows const& rows, double const* s_distances,
             double const* t_distances, index_t x) const {
    index_t v = x;
    do { v = permuted(v); } while (v >= pairs);
    row_pair const pair = row_pair::of(v);
    order[x] = v;
    s[x] = s_distances[rows.at(pair.a, pair.b)];
    t[x] = t_distances[rows.at(pair.a, pair.b)];
  }

  /// What the pair at x is compared with: each pair of pairs is seen from both of its pairs.
  template <class Ranking>
  void compare(Ranking const& ranking, index_t x) const {
    double value = 0, slope = 0, count = 0;
    auto const with = [&](index_t y) {
      double const gap = t[x] - t[y];
      if (gap == 0) { return; }
      double const sign = gap < 0 ? -1.0 : 1.0;
      penalty_value const at = ranking(sign * (s[x] - s[y]), sign * gap);
      value += gap != gap ? gap : at.value;
      slope += sign * at.slope;
      ++count;
    };
    for (index_t r = 1; r <= comparisons; ++r) {
      with(x + r < pairs ? x + r : x + r - pairs);
      if (2 * r != pairs) { with(x >= r ? x - r : x - r + pairs); }
    }
    values[x] = value;
    slopes[x] = slope;
    counts[x] = count;
  }
};

/// Distances of the unit rows of x, which stay packed.
template <class Derived, class X>
void unit_distances(Derived const& policy, matrix_view<X const> x, angle_rows const& packed,
                    double* unit, double* distances) {
  index_t const width = x.extent(1);
  matrix_view<double> const rows(unit, x.extent(0), width);
  normalize_rows(policy, x, rows);
  packed.pack(policy, matrix_view<double const>(rows), nullptr);
  packed.distances(policy, width, distances);
}

template <class Derived, class S, class T, class L, class Gradient, class Ranking>
void batch_ranking_loss(host_policy<Derived> const& base, matrix_view<S const> student,
                        matrix_view<T const> teacher, scalar_view<L> loss, Gradient gradient,
                        Ranking ranking, ranking_sample sample) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = student.extent(0), width = student.extent(1), pairs = n * (n - 1) / 2;
  index_t const widest = std::max(width, teacher.extent(1));
  angle_row_memory<Derived> const memory(policy, n, widest);
  angle_rows const x = memory.rows();
  line_scratch<double, Derived> const s(policy, x.rows * x.rows), t(policy, x.rows * x.rows);
  scratch<double, Derived> const unit(policy, n * widest), numbers(policy, 5 * pairs);
  scratch<index_t, Derived> const order(policy, pairs);
  unit_distances(policy, teacher, x, unit.data(), t.data());
  unit_distances(policy, student, x, unit.data(), s.data());
  double* const at = numbers.data();
  pair_circle const circle{pairs,          std::min(sample.comparisons, pairs / 2),
                           order.data(),   at,
                           at + pairs,     at + 2 * pairs,
                           at + 3 * pairs, at + 4 * pairs};
  random_order const permuted(sample.seed, 0, pairs);
  for_each_index(policy, pairs, [=, sd = s.data(), td = t.data()](index_t place) {
    circle.place(permuted, x, sd, td, place);
  });
  for_each_index(policy, pairs, [=](index_t place) { circle.compare(ranking, place); });
  double count = 0;
  for (index_t place = 0; place < pairs; ++place) { count += circle.counts[place]; }
  double const mean = count == 0 ? 0.0 : 1.0 / count;
  store_sum(policy, circle.values, count == 0 ? 0 : pairs, mean, loss.data_handle());
  if constexpr (!std::is_same_v<Gradient, no_gradient>) {
    // d loss / d (squared distance) takes the place of the teacher's distances. A comparison is in
    // `count` twice, which the derivative of a squared distance makes up for.
    for_each_index(policy, x.rows * x.rows, [=, td = t.data()](index_t e) { td[e] = 0; });
    for_each_index(policy, pairs, [=, sd = s.data(), td = t.data()](index_t place) {
      row_pair const pair = row_pair::of(circle.order[place]);
      double const d = sd[x.at(pair.a, pair.b)];
      double const pull = d == 0 ? 0.0 : circle.slopes[place] / d;
      td[x.at(pair.a, pair.b)] = td[x.at(pair.b, pair.a)] = pull;
    });
    matrix_view<double> const of_unit(unit.data(), n, width);
    for_each_index(policy, x.rows / x.panel,
                   [=, td = t.data()](index_t p) { store_pull_gradient(x, td, mean, p, of_unit); });
    for_each_index(policy, n, [=](index_t i) {
      project_gradient(student.row(i), row_norm(student.row(i), width), of_unit.row(i), 1.0,
                       gradient.row(i), width);
    });
  }
}

/// Checks the arguments, and computes the loss. Gradient is a view or no_gradient.
template <class Policy, class S, class T, class L, class Gradient, class Ranking>
void ranking_loss_of_batch(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                           scalar_view<L> loss, Gradient gradient, Ranking ranking,
                           ranking_sample sample) {
  constexpr char const* function = "pairwise_ranking_loss";
  check_pairs(function, student, teacher, loss, gradient);
  expect_valid(function, "a setting of the ranking is out of range", ranking);
  expect_valid(function, "comparisons must be positive", sample);
  batch_ranking_loss(policy, matrix_view<S const>(student), matrix_view<T const>(teacher), loss,
                     gradient, ranking, sample);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
