// SPDX-License-Identifier: Apache-2.0
// coupleface: the operations of a pair loss on one panel of relations, apart from the products.
//
// A panel holds the relations of `panel` rows i, side by side, to some rows j, one after another:
// pair (i, j) is at [j * panel + i]. Every loop runs along i, so that compilers vectorise it.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/simd/panel_product.hpp>
#include <coupleface/detail/simd/row_kernels.hpp>
#include <coupleface/settings/pair_law.hpp>

#include <cmath>
#include <cstdint>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Which rows own a pair's terms.
enum class pair_owners {
  row,      ///< row i: the other side is a bank
  ordered,  ///< row i, of both orders of the pair: rows i and j are of one block
  both      ///< rows i and j: of different blocks of one batch
};

/// Keeps of which no pair outside of the diagonal, or none at all, is left out.
template <class Keep>
inline constexpr bool keeps_apart = false;
template <class Keep>
inline constexpr bool keeps_all = false;

/// Which pairs (i, j) of `rows` x `columns` count.
template <class Keep>
struct pair_mask {
  index_t rows, columns;
  Keep keep;

  bool counts(index_t i, index_t j) const { return i < rows && j < columns && keep(i, j); }

  /// Whether all pairs of a panel count.
  bool is_whole(index_t row, index_t row_count, index_t column, index_t column_count) const {
    bool const apart = row + row_count <= column || column + column_count <= row;
    return row + row_count <= rows && column + column_count <= columns &&
           (keeps_all<Keep> || (keeps_apart<Keep> && apart));
  }
};

/// Whether row i is in a pair that counts.
template <class Keep>
struct is_row_kept {
  pair_mask<Keep> mask;
  bool operator()(index_t i) const {
    for (index_t j = 0; j < mask.columns; ++j) {
      if (mask.keep(i, j)) { return true; }
    }
    return false;
  }
};
/// Whether row j of the other side is.
template <class Keep>
struct is_column_kept {
  pair_mask<Keep> mask;
  bool operator()(index_t j) const {
    for (index_t i = 0; i < mask.rows; ++i) {
      if (mask.keep(i, j)) { return true; }
    }
    return false;
  }
};

/// Products of one panel, and where it lies.
template <class Acc, class Keep>
struct pair_panel {
  static constexpr index_t panel = panel_width<Acc>;

  Acc* student;  ///< [count, panel] relations or products; later slopes
  Acc* teacher;
  index_t row, column, count;
  pair_mask<Keep> const* mask;
};

/// Numbers of a law for each row, one after another: number k of row i is at [k * rows + i].
struct row_numbers {
  double* numbers;
  index_t rows;

  COUPLEFACE_HOST_DEVICE double& operator()(index_t k, index_t i) const {
    return numbers[k * rows + i];
  }
};

/// Rows whose squared distance is below this share of the sum of their squared norms are close. A
/// product of centred rows of d floats has an error of about sqrt(d) 2^-25 of that sum; distances
/// of all other rows then have 20 - log2(d) / 2 bits or more.
inline constexpr double close_share = 1.0 / 16;

/// Pairs are close too if that sum is outside of these limits: products, and slopes of 1 /
/// distance, could leave the range of the accumulator.
template <class Acc>
inline constexpr double least_square_sum = std::is_same_v<Acc, double> ? 0x1p-960 : 0x1p-96;
template <class Acc>
inline constexpr double most_square_sum = std::is_same_v<Acc, double> ? 0x1p960 : 0x1p96;

/// A law's constants of one row.
template <int N>
COUPLEFACE_HOST_DEVICE numbers<N> constants_of(row_numbers from, index_t i) {
  numbers<N> c{};
  for (int k = 0; k < N; ++k) { c[std::size_t(k)] = from(k, i); }
  return c;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/pairs/pair_panels.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// sums(k, .) += the terms of each pair, for the rows that own it.
template <pair_owners Owners, class Acc, class Keep, class Relation, class Terms>
void add_pair_terms(pair_panel<Acc, Keep> const& at, Relation const& relation, Terms const& terms,
                    row_numbers constants, row_numbers sums) {
  if constexpr (Terms::count > 0) {
    if (at.mask->is_whole(at.row, panel_width<Acc>, at.column, at.count)) {
      COUPLEFACE_RETURN_KERNEL(add_pair_terms<Owners, false>(at, relation, terms, constants, sums));
    }
    COUPLEFACE_RETURN_KERNEL(add_pair_terms<Owners, true>(at, relation, terms, constants, sums));
  }
}

/// The student's products become d loss / d product; for relations that pull a row to itself, `own`
/// gets the sum of these pulls.
template <pair_owners Owners, class Acc, class Keep, class Relation, class Law>
void pair_slopes(pair_panel<Acc, Keep> const& at, Relation const& relation, Law const& law,
                 double scale, row_numbers constants, row_numbers own) {
  bool const whole = at.mask->is_whole(at.row, panel_width<Acc>, at.column, at.count);
  if (whole) {
    COUPLEFACE_RETURN_KERNEL(pair_slopes<Owners, false>(at, relation, law, scale, constants, own));
  }
  COUPLEFACE_RETURN_KERNEL(pair_slopes<Owners, true>(at, relation, law, scale, constants, own));
}

/// Distances from products, or -1 for rows so close that the difference of squares has too few
/// digits; returns whether there are any.
template <class Acc>
bool distances_of_products(Acc* z, index_t count, double const* row_squares,
                           double const* column_squares) {
  COUPLEFACE_RETURN_KERNEL(distances_of_products(z, count, row_squares, column_squares));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
