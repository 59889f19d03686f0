// SPDX-License-Identifier: Apache-2.0
// coupleface: the gradient of pairs of rows that are so close that it must be found from their
// differences: as products, its two parts would cancel.
#pragma once

#include <coupleface/detail/pairs/law_terms.hpp>
#include <coupleface/detail/pairs/product_relation.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The factor of (a - b) in the gradient of row i, for entry `at` of a panel.
template <pair_owners Owners, class Panel, class Relation, class Law>
double close_pull(Panel const& panel, index_t entry, Relation const& relation, Law const& law,
                  double scale, row_numbers constants, double distance) {
  constexpr index_t width = Panel::panel;
  index_t const i = panel.row + entry % width, j = panel.column + entry / width;
  double const s = relation.at(panel.student[entry]).value;
  double const t = relation.at(panel.teacher[entry]).value;
  double slope = law(s, t, constants_of<Law::constants>(constants, i))[0];
  if constexpr (Owners != pair_owners::row && Law::constants > 0) {
    slope += law(s, t, constants_of<Law::constants>(constants, j))[0];
  } else if constexpr (Owners != pair_owners::row) {
    slope *= 2;
  }
  return distance == 0 ? 0.0 : slope * scale / distance;
}

/// Adds the gradients of a panel's close pairs, in the order of the panel.
template <pair_owners Owners, class Panel, class Rows, class Relation, class Law, class Acc>
void add_close_pairs(Panel const& panel, Rows const& of, Relation const& relation, Law const& law,
                     double scale, row_numbers constants, Acc* gradient, index_t row_size) {
  constexpr index_t panel_rows = Panel::panel;
  for (index_t entry = 0; entry < panel.count * panel_rows; ++entry) {
    index_t const i = panel.row + entry % panel_rows, j = panel.column + entry / panel_rows;
    if (!(panel.student[entry] < 0) || !panel.mask->counts(i, j)) { continue; }
    auto const* const a = of.row_data.row(of.row + entry % panel_rows);
    auto const* const b = of.column_data.row(of.data_column + entry / panel_rows);
    double const distance = std::sqrt(squared_distance(a, b, of.rows.width));
    double const pull = close_pull<Owners>(panel, entry, relation, law, scale, constants, distance);
    for (index_t l = 0; l < of.rows.width; ++l) {
      double const part = pull * (load(a[l]) - load(b[l]));
      gradient[i * row_size + l] += Acc(part);
      if constexpr (Owners == pair_owners::both) { gradient[j * row_size + l] -= Acc(part); }
    }
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
