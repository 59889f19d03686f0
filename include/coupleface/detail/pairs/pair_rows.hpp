// SPDX-License-Identifier: Apache-2.0
// coupleface: rows of one side of all pairs, packed in panels for products, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/simd/panel_product.hpp>
#include <coupleface/element.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// What products multiply: unit rows for cosines, rows as they are for inner products, rows minus
/// their mean for distances, which then lose fewer digits.
enum class prepared { unit, raw, centred };

/// Packed rows, in blocks that lie together, so that a block's panels do not compete for the same
/// places of a cache. Padding is 0.
template <class Acc>
struct packed_side {
  static constexpr index_t panel = panel_width<Acc>;

  Acc* rows;
  index_t block;  ///< rows of a block
  Acc* columns;   ///< the transposed panels; null if the rows are only read as the left operand
  index_t width;
  double* squares;  ///< squared norms of the packed rows, null if nobody reads them

  index_t padded_width() const { return rounded_up(width, panel); }
  /// Element (row, p panel), where one row's next element and the next row's follow.
  Acc* row_panel(index_t row, index_t p) const {
    return rows + (row - row % block) * padded_width() + (p * block + row % block) * panel;
  }
  /// From one panel of a row to the next.
  index_t next_panel() const { return block * panel; }
  /// Element (row, 0); `row` starts a panel. The next row's follows, then element (row, 1).
  Acc* column_panel(index_t row) const { return columns + row * width; }
};

/// z [count, panel] = products of rows `column` ... of one side with the panel of rows at `row` of
/// the other. Parts of the panel stay in the first cache while the rows pass.
template <class Acc>
void panel_products(packed_side<Acc> const& columns, index_t column, index_t count,
                    packed_side<Acc> const& rows, index_t row, Acc* z) {
  constexpr index_t panel = panel_width<Acc>, most = 4 * panel;
  index_t depth = 0;
  do {  // once even for rows of width 0
    index_t const part = std::min(most, rows.width - depth);
    for (index_t j = 0; j < count; j += product_rows) {
      panel_product<left_side::rows>(part, columns.row_panel(column + j, depth / panel),
                                     columns.next_panel(), rows.column_panel(row) + depth * panel,
                                     z + j * panel, panel, depth > 0);
    }
    depth += most;
  } while (depth < rows.width);
}

/// One element as products read it.
template <class Acc, prepared How, class E>
Acc prepared_element(E x, double inverse, double mean) {
  if constexpr (How == prepared::unit) { return store<Acc>(load(x) * inverse); }
  if constexpr (How == prepared::centred) {
    // NaN for infinity too: an infinite distance would make the loss infinite.
    return store<Acc>(is_finite(load(x)) ? load(x) - mean : not_a_number);
  }
  return store<Acc>(load(x));
}

/// Packs rows first ... first + panel - 1 of x; they are rows at ... of the packed side. Rows for
/// which not is_in_a_pair(row) become 0: a slope 0 times NaN would be NaN in other rows' gradients.
template <prepared How, class Acc, class E, class Pairs>
void pack_panel(matrix_view<E const> x, index_t first, double const* mean,
                packed_side<Acc> const& side, index_t at, Pairs const& is_in_a_pair) {
  constexpr index_t panel = panel_width<Acc>;
  index_t const width = side.width, used = std::clamp(x.extent(0) - first, index_t(0), panel);
  double inverse[std::size_t(panel)] = {}, squares[std::size_t(panel)] = {};
  bool skipped[std::size_t(panel)] = {};
  for (index_t i = 0; i < used; ++i) {
    skipped[i] = !is_in_a_pair(first + i);
    if (How != prepared::unit || skipped[i]) { continue; }
    inverse[i] = inverse_norm<E>(row_norm(x.row(first + i), width));
  }
  for (index_t j = 0; j < width; j += panel) {
    Acc block[std::size_t(panel)][std::size_t(panel)] = {};
    index_t const columns = std::min(panel, width - j);
    for (index_t i = 0; i < used; ++i) {
      if (skipped[i]) { continue; }
      E const* const row = x.row(first + i) + j;
      for (index_t l = 0; l < columns; ++l) {
        double const shift = How == prepared::centred ? mean[j + l] : 0.0;
        block[i][l] = prepared_element<Acc, How>(row[l], inverse[i], shift);
        squares[i] += double(block[i][l]) * double(block[i][l]);
      }
    }
    Acc* const out = side.row_panel(at, j / panel);
    std::copy(&block[0][0], &block[0][0] + panel * panel, out);
    for (index_t l = 0; side.columns != nullptr && l < columns; ++l) {
      Acc* const column = side.column_panel(at) + (j + l) * panel;
      for (index_t i = 0; i < panel; ++i) { column[i] = block[i][l]; }
    }
  }
  if (side.squares != nullptr) { std::copy(squares, squares + panel, side.squares + at); }
}

/// Memory of packed rows, and of their mean.
template <class Acc, prepared How, class Derived>
class packed_rows_of {
 public:
  static constexpr index_t panel = panel_width<Acc>;

  /// For `rows` rows in blocks; `with_columns` if they are read as the right operand too.
  packed_rows_of(Derived const& policy, index_t rows, index_t block, index_t width,
                 bool with_columns)
      : padded_(rounded_up(rows, panel)),
        block_(block),
        width_(width),
        // Never null: products of width 0 still form pointers into it.
        rows_(policy, rounded_up(rows, block) * std::max(panel, rounded_up(width, panel))),
        columns_(policy, with_columns ? padded_ * std::max(index_t(1), width) : 0),
        squares_(policy, How == prepared::centred ? padded_ : 0) {}

  packed_side<Acc> side() const {
    return {rows_.data(), block_, columns_.data(), width_, squares_.data()};
  }

  /// Rows first ... of x, as many as fit; `mean` [d] is read if How is centred.
  template <class E, class Pairs>
  void pack(Derived const& policy, matrix_view<E const> x, index_t first, double const* mean,
            Pairs is_in_a_pair) const {
    for_each_index(policy, padded_ / panel, [=, to = side()](index_t p) {
      pack_panel<How>(x, first + p * panel, mean, to, p * panel, is_in_a_pair);
    });
  }

 private:
  index_t padded_, block_, width_;
  line_scratch<Acc, Derived> rows_, columns_;
  scratch<double, Derived> squares_;
};

/// The mean of rows that are to be centred: any row near all others would do, so that its rounding
/// does not matter, and elements that are not finite, which must not reach other rows, count as 0.
template <prepared How, class Derived>
class mean_of_rows {
 public:
  template <class E>
  mean_of_rows(Derived const& policy, matrix_view<E const> x)
      : mean_(policy, How == prepared::centred ? x.extent(1) : 0) {
    index_t const width = mean_.size(), lanes = lane_count(width);
    for_each_index(policy, lanes, [=, mean = mean_.data()](index_t lane) {
      index_t const end = lane_begin(lane + 1, lanes, width);
      for (index_t j = lane_begin(lane, lanes, width); j < end; ++j) { mean[j] = 0; }
      for (index_t i = 0; i < x.extent(0); ++i) {
        for (index_t j = lane_begin(lane, lanes, width); j < end; ++j) {
          double const element = load(x.row(i)[j]);
          mean[j] += is_finite(element) ? element / double(x.extent(0)) : 0.0;
        }
      }
    });
  }
  double const* data() const { return mean_.data(); }

 private:
  scratch<double, Derived> mean_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
