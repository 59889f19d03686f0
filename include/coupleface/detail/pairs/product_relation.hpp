// SPDX-License-Identifier: Apache-2.0
// coupleface: relations of all pairs, as functions of the products of prepared rows.
//
// Each has
//   how            what rows are multiplied
//   pulls_itself   whether the relation depends on a row's length too, as a distance does; at()'s
//                  slope is then also minus the derivative with respect to half the squared length
//   penalty_value at(double z) const   value and d value / d product, from what find() left
//   find(z, ...)   what must be done to products first
#pragma once

#include <coupleface/detail/pairs/pair_panels.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/row.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Products that need nothing done to them.
struct plain_products {
  static constexpr bool pulls_itself = false;
  template <class Acc>
  void find(Acc*, index_t, packed_side<Acc> const&, index_t, packed_side<Acc> const&,
            index_t) const {}
};

/// Kernel: {value, slope} of a cosine.
template <class Kernel>
struct kernel_of_cosine : plain_products {
  static constexpr prepared how = prepared::unit;
  Kernel kernel;
  explicit kernel_of_cosine(Kernel of) : kernel(of) {}
  penalty_value at(double z) const { return kernel(clamp_cosine(z)); }
};

struct cosine_itself {
  penalty_value operator()(double cosine) const { return {cosine, 1.0}; }
};

struct product_of_rows : plain_products {
  static constexpr prepared how = prepared::raw;
  penalty_value at(double z) const { return {z, 1.0}; }
};

/// || a - b ||; its derivative is 0 where the rows are equal.
struct distance_of_rows {
  static constexpr prepared how = prepared::centred;
  static constexpr bool pulls_itself = true;
  penalty_value at(double z) const { return {z, z > 0 ? -1.0 / z : 0.0 * z}; }
  template <class Acc>
  void find(Acc* z, index_t count, packed_side<Acc> const& rows, index_t row,
            packed_side<Acc> const& columns, index_t column) const {
    distances_of_products(z, count, rows.squares + row, columns.squares + column);
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
