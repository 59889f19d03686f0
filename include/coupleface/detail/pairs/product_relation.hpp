// SPDX-License-Identifier: Apache-2.0
// coupleface: relations of all pairs, as functions of the products of prepared rows.
//
// Each has
//   how            what rows are multiplied
//   pulls_itself   whether the relation depends on a row's length too, as a distance does; at()'s
//                  slope is then also minus the derivative with respect to half the squared length
//   penalty_value at(double z) const   value and d value / d product, from what find() left
//   bool find(z, count, sides) const   what must be done to products first; returns whether some
//                                      rows are so close that close_pairs.hpp must add their
//                                      gradient, and are left out by at()'s slope
#pragma once

#include <coupleface/detail/pairs/pair_panels.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/row.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The rows of a panel: of both sides the packed ones, and those that the caller passed.
template <class Acc, class E, class H>
struct panel_rows {
  packed_side<Acc> rows, columns;
  index_t row, column;  ///< the first ones, among the packed rows
  matrix_view<E const> row_data;
  matrix_view<H const> column_data;
  index_t data_column;  ///< the first one in column_data
};

/// The gradients of a panel's rows += its slopes times rows `first` ... of a packed side.
template <class Acc, class Keep>
void add_slopes_times_rows(pair_panel<Acc, Keep> const& at, packed_side<Acc> const& side,
                           index_t first, Acc* gradient) {
  constexpr index_t panel = panel_width<Acc>;
  index_t const width = side.padded_width();
  for (index_t j = 0; j < width; j += panel) {
    for (index_t l = 0; l < panel && at.row + l < at.mask->rows; l += product_rows) {
      panel_product<left_side::columns>(at.count, at.student + l, 0,
                                        side.row_panel(first, j / panel),
                                        gradient + (at.row + l) * width + j, width, true);
    }
  }
}

/// Products that need nothing done to them.
struct plain_products {
  static constexpr bool pulls_itself = false;
  template <class Acc, class Rows>
  bool find(Acc*, index_t, Rows const&) const {
    return false;
  }
};

/// Kernel: {value, slope} of a cosine.
template <class Kernel>
struct kernel_of_cosine : plain_products {
  static constexpr prepared how = prepared::unit;
  Kernel kernel;
  explicit kernel_of_cosine(Kernel of) : kernel(of) {}
  COUPLEFACE_HOST_DEVICE penalty_value at(double z) const { return kernel(clamp_cosine(z)); }
};

struct cosine_itself {
  COUPLEFACE_HOST_DEVICE penalty_value operator()(double cosine) const { return {cosine, 1.0}; }
};

/// Infinite products become NaN, because a hinge takes -infinity for agreement.
struct product_of_rows : plain_products {
  static constexpr prepared how = prepared::raw;
  COUPLEFACE_HOST_DEVICE penalty_value at(double z) const { return {z + (z - z), 1.0}; }
};

/// The distance of a squared one; NaN for infinity, because a hinge takes -infinity for agreement.
COUPLEFACE_HOST_DEVICE inline double exact_distance(double square) {
  double const distance = std::sqrt(square);
  return distance + (distance - distance);
}

/// || a - b ||; its derivative is 0 where the rows are equal. Of close rows it is found from their
/// differences, and stored with a minus sign.
struct distance_of_rows {
  static constexpr prepared how = prepared::centred;
  static constexpr bool pulls_itself = true;
  COUPLEFACE_HOST_DEVICE penalty_value at(double z) const {
    return {z < 0 ? -z : z, z > 0 ? -1.0 / z : (is_nan(z) ? z : 0.0)};
  }
  template <class Acc, class Rows>
  bool find(Acc* z, index_t count, Rows const& of) const {
    constexpr index_t panel = panel_width<Acc>;
    if (!distances_of_products(z, count, of.rows.squares + of.row,
                               of.columns.squares + of.column)) {
      return false;
    }
    for (index_t at = 0; at < count * panel; ++at) {
      index_t const row = of.row + at % panel;
      if (!(z[at] < 0) || row >= of.row_data.extent(0)) { continue; }
      auto const* const a = of.row_data.row(row);
      auto const* const b = of.column_data.row(of.data_column + at / panel);
      z[at] = -Acc(std::sqrt(squared_distance(a, b, of.rows.width)));
    }
    return true;
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
