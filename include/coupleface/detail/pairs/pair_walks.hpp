// SPDX-License-Identifier: Apache-2.0
// coupleface: the walks of a law over all pairs, with the memory they need, host side.
#pragma once

#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/pairs/law_terms.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/sum.hpp>

#include <algorithm>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The three walks: statistics, value, gradient. `own` is null unless the relation pulls a row to
/// itself. Returns whether there is a pair.
template <class Derived, class Walks, class Acc, class Law, class L>
void walk_pairs(Derived const& policy, Walks const& walks, Acc* memory, Law const& law,
                double pairs, row_numbers constants, row_numbers sums, row_numbers own,
                scalar_view<L> loss, Acc* gradient) {
  index_t const n = walks.rows();
  auto const clear = [&](row_numbers numbers, int count) {
    for_each_index(policy, numbers.rows, [=](index_t i) {
      for (int k = 0; k < count; ++k) { numbers(k, i) = 0; }
    });
  };
  auto const finished = [=](index_t i, law_constants<Law::constants> const& c) {
    for (int k = 0; k < Law::constants; ++k) { constants(k, i) = c[std::size_t(k)]; }
  };
  clear(constants, Law::constants);
  if constexpr (Law::sums > 0) {
    clear(sums, Law::sums);
    walks.add_terms(policy, memory, statistic_terms<Law>{law}, constants, sums);
    finish_rows<Law, std::size_t(Law::sums)>(
        policy, n, sums, [=](index_t i, auto const& of_row, auto const& of_all) {
          finished(i, law.finish(of_row, of_all));
        });
  }
  clear(sums, 1 + Law::back_sums);
  walks.add_terms(policy, memory, value_terms<Law>{law}, constants, sums);
  double const mean = pairs == 0 ? 0.0 : 1.0 / pairs;
  store_sum(policy, sums.numbers, pairs == 0 ? 0 : n, mean, loss.data_handle());
  if (gradient == nullptr) { return; }
  if constexpr (Law::back_sums > 0) {
    row_numbers const back{sums.numbers + sums.rows, sums.rows};
    finish_rows<Law, std::size_t(Law::back_sums)>(
        policy, n, back, [=](index_t i, auto const& of_row, auto const& of_all) {
          finished(i, law.finish_back(constants_of<Law::constants>(constants, i), of_row, of_all));
        });
  }
  clear(own, own.numbers == nullptr ? 0 : 1);
  walks.add_gradient(policy, memory, slope_terms<Law>{law}, mean, constants, own, gradient);
}

/// The gradient with respect to the rows from that with respect to the prepared rows.
template <class Relation, class Derived, class S, class Acc, class G>
void store_gradient(Derived const& policy, matrix_view<S const> student,
                    packed_side<Acc> const& packed, row_numbers own, Acc* prepared_gradient,
                    matrix_view<G> gradient) {
  index_t const width = student.extent(1), padded = packed.padded_width();
  constexpr index_t panel = panel_width<Acc>;
  for_each_index(policy, student.extent(0), [=](index_t i) {
    Acc* const g = prepared_gradient + i * padded;
    if constexpr (Relation::how == prepared::unit) {
      auto const* const s = student.row(i);
      project_gradient(s, row_norm(s, width), g, 1.0, gradient.row(i), width);
    } else {
      for (index_t j = 0; j < width; ++j) {
        double const row = packed.rows_from(j / panel * packed.next + i)[j % panel];
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
template <class Relation, class Derived, class Walks, class S, class Acc, class Law, class L,
          class Gradient>
void run_pair_walks(Derived const& policy, Walks const& walks, matrix_view<S const> student,
                    packed_side<Acc> const& packed, Law const& law, double pairs,
                    scalar_view<L> loss, Gradient gradient) {
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
  row_numbers const own_numbers{own.data(), padded};
  walk_pairs(policy, walks, memory.data(), law, pairs, row_numbers{constants.data(), padded},
             row_numbers{sums.data(), padded}, own_numbers, loss, g);
  if constexpr (with_gradient) {
    store_gradient<Relation>(policy, student, packed, own_numbers, g, gradient);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
