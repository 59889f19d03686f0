// SPDX-License-Identifier: Apache-2.0
// coupleface: the walks of a law over all pairs, with the memory they need, host side.
#pragma once

#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/pairs/law_terms.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/sum.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Numbers of a law for each row, and the gradient's.
template <class Acc>
struct law_memory {
  row_numbers constants, sums, own;
  Acc* gradient;  ///< [rows, padded width]

  template <class Derived>
  static void clear(Derived const& policy, row_numbers numbers, int count) {
    for_each_index(policy, count == 0 ? 0 : numbers.rows, [=](index_t i) {
      for (int k = 0; k < count; ++k) { numbers(k, i) = 0; }
    });
  }
  template <int N>
  void keep(index_t i, numbers<N> const& c) const {
    for (int k = 0; k < N; ++k) { constants(k, i) = c[std::size_t(k)]; }
  }
};

/// The walks of a law: one for statistics, one for the value and, with it or on its own if a law
/// sums slopes too, one for the gradient.
template <bool WithGradient, class Derived, class Walks, class Acc, class Law, class L>
void walk_pairs(Derived const& policy, Walks const& walks, Acc* memory, Law const& law,
                double pairs, law_memory<Acc> const& of, scalar_view<L> loss) {
  index_t const n = walks.rows();
  of.clear(policy, of.constants, Law::constants);
  if constexpr (Law::sums > 0) {
    of.clear(policy, of.sums, Law::sums);
    walks.add_terms(policy, memory, statistic_terms<Law>{law}, of.constants, of.sums);
    finish_rows<std::size_t(Law::sums)>(policy, n, of.sums,
                                        [=](index_t i, auto const& of_row, auto const& of_all) {
                                          of.keep(i, law.finish(of_row, of_all));
                                        });
  }
  of.clear(policy, of.sums, 1 + Law::back_sums);
  if constexpr (WithGradient) { of.clear(policy, of.own, of.own.numbers == nullptr ? 0 : 1); }
  double const mean = pairs == 0 ? 0.0 : 1.0 / pairs;
  value_terms<Law> const value{law};
  slope_terms<Law> const slope{law};
  if constexpr (WithGradient && Law::back_sums == 0) {
    walks.add_terms_and_gradient(policy, memory, value, slope, mean, of);
  } else {
    walks.add_terms(policy, memory, value, of.constants, of.sums);
  }
  store_sum(policy, of.sums.numbers, pairs == 0 ? 0 : n, mean, loss.data_handle());
  if constexpr (WithGradient && Law::back_sums > 0) {
    row_numbers const back{of.sums.numbers + of.sums.rows, of.sums.rows};
    finish_rows<std::size_t(Law::back_sums)>(
        policy, n, back, [=](index_t i, auto const& of_row, auto const& of_all) {
          auto const c = constants_of<Law::constants>(of.constants, i);
          of.keep(i, law.finish_back(c, of_row, of_all));
        });
    walks.add_terms_and_gradient(policy, memory, no_terms{}, slope, mean, of);
  }
}

/// The gradient with respect to the rows from that with respect to the prepared rows; 0 for rows in
/// no pair, whatever they hold.
template <class Relation, class Derived, class S, class Acc, class G, class Pairs>
void store_gradient(Derived const& policy, matrix_view<S const> student,
                    packed_side<Acc> const& packed, row_numbers own, Acc* prepared_gradient,
                    matrix_view<G> gradient, Pairs is_in_a_pair) {
  index_t const width = student.extent(1), padded = packed.padded_width();
  constexpr index_t panel = panel_width<Acc>;
  for_each_index(policy, student.extent(0), [=](index_t i) {
    Acc* const g = prepared_gradient + i * padded;
    if constexpr (Relation::how == prepared::unit) {
      auto const* const s = student.row(i);
      double const norm = is_in_a_pair(i) ? row_norm(s, width) : 0.0;
      project_gradient(s, norm, g, 1.0, gradient.row(i), width);
    } else {
      for (index_t j = 0; j < width; ++j) {
        double const row = packed.row_panel(i, j / panel)[j % panel];
        double const pull = Relation::pulls_itself ? own(0, i) * row : 0.0;
        gradient.row(i)[j] = store<G>(double(g[j]) + pull);
      }
    }
  });
}

template <class S, class T>
using pair_accumulator = std::conditional_t<std::is_same_v<std::remove_const_t<S>, double> ||
                                                std::is_same_v<std::remove_const_t<T>, double>,
                                            double, float>;

/// Runs walks(policy, memory, ...) with a law's memory, and stores loss and gradient.
template <class Relation, class Derived, class Walks, class S, class Acc, class Law, class Pairs,
          class L, class Gradient>
void run_pair_walks(Derived const& policy, Walks const& walks, matrix_view<S const> student,
                    packed_side<Acc> const& packed, Law const& law, Pairs is_in_a_pair,
                    double pairs, scalar_view<L> loss, Gradient gradient) {
  constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  constexpr index_t panel = panel_width<Acc>;
  constexpr int sum_count = std::max(Law::sums, 1 + Law::back_sums);
  index_t const padded = rounded_up(student.extent(0), panel);
  line_scratch<Acc, Derived> const memory(policy, walks.lanes() * walks.lane_size());
  scratch<double, Derived> const constants(policy, padded * Law::constants);
  scratch<double, Derived> const sums(policy, padded * sum_count);
  scratch<double, Derived> const own(policy, with_gradient && Relation::pulls_itself ? padded : 0);
  index_t const gradient_size = with_gradient ? padded * packed.padded_width() : 0;
  line_scratch<Acc, Derived> const prepared_gradient(policy, gradient_size);
  Acc* const g = with_gradient ? prepared_gradient.data() : nullptr;
  for_each_index(policy, with_gradient ? padded : 0, [=, width = packed.padded_width()](index_t i) {
    std::fill(g + i * width, g + (i + 1) * width, Acc(0));
  });
  law_memory<Acc> const of{
      {constants.data(), padded}, {sums.data(), padded}, {own.data(), padded}, g};
  walk_pairs<with_gradient>(policy, walks, memory.data(), law, pairs, of, loss);
  if constexpr (with_gradient) {
    store_gradient<Relation>(policy, student, packed, of.own, g, gradient, is_in_a_pair);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
