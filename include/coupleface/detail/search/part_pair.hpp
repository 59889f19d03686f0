// SPDX-License-Identifier: Apache-2.0
// coupleface: computes the products of two packed parts and offers them to the lists.
#pragma once

#include <coupleface/detail/search/candidate_lists.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/search/screen_kernel.hpp>
#include <coupleface/detail/search/search_plan.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The products of two parts, offered to the lists of one or both sides.
template <class Lists>
struct part_pair {
  Lists lists;
  screen_kernels kernels;
  index_t words, row_words;
  bool both;              ///< every product is used for the rows of both sides
  bool diagonal = false;  ///< the two parts are the same rows

  part_pair(Lists const& lists_of_pairs, screen_kernels const& chosen, search_plan const& plan)
      : lists(lists_of_pairs),
        kernels(chosen),
        words(plan.words),
        row_words(plan.row_words),
        both(plan.symmetric) {}

  /// Returns the number of exact scores evaluated.
  index_t operator()(packed_part left, packed_part right) const {
    index_t evaluated = 0;
    for (index_t j = 0; j < right.count; j += right_rows) {
      for (index_t i = 0; i < left.count; i += left_rows) {
        if (diagonal && j + right_rows <= i) { continue; }
        alignas(64) float products[left_rows * right_rows];
        kernels.product(words, left.panels + i * words, right.panels + j * words, products);
        tile const at{left.first + i, int(std::min<index_t>(left_rows, left.count - i)),
                      right.first + j, int(std::min<index_t>(right_rows, right.count - j))};
        if constexpr (screening_of<decltype(lists.score)> == screening::direct) {
          offer_hits(at, products, left, right, evaluated);
        } else {
          offer_bounded(at, products, evaluated);
        }
      }
    }
    return evaluated;
  }

 private:
  struct tile {
    index_t row;
    int rows;
    index_t column;
    int columns;
  };

  /// Thresholds of `present` rows; the padding rows of a panel get infinity, which nothing reaches.
  static float const* reachable(index_t first, int present, int wanted, float const* thresholds,
                                float* copy) {
    if (present == wanted) { return thresholds + first; }
    for (int r = 0; r < wanted; ++r) {
      copy[r] = r < present ? thresholds[first + r] : std::numeric_limits<float>::infinity();
    }
    return copy;
  }

  /// A tile's rows that the coarse screen keeps row by row.
  fine_tile fine_rows(tile const& at, packed_part const& left, packed_part const& right) const {
    index_t const i = at.row - left.first, j = at.column - right.first;
    return {left.fine + i * row_words,
            right.fine + j * row_words,
            left.panels + i * words + (words - 1) * left_rows,
            right.panels + j * words + (words - 1) * right_rows,
            row_words,
            at.rows,
            at.columns};
  }

  void offer_hits(tile const& at, float* products, packed_part const& left,
                  packed_part const& right, index_t& evaluated) const {
    float row_copy[left_rows], column_copy[right_rows];
    float const* const row_thresholds =
        reachable(at.row, at.rows, left_rows, lists.thresholds, row_copy);
    float const* const column_thresholds =
        reachable(at.column, both ? at.columns : 0, right_rows, lists.thresholds, column_copy);
    if constexpr (decltype(lists.score)::absolute) {
      for (int e = 0; e < left_rows * right_rows; ++e) { products[e] = std::fabs(products[e]); }
    }
    product_hits hits;
    kernels.hits(products, row_thresholds, column_thresholds, hits);
    if (kernels.refine != nullptr) { kernels.refine(fine_rows(at, left, right), hits, products); }
    // For a part against itself only pairs above the diagonal are new. The padding of a panel is 0.
    for (std::int32_t h = 0; h < hits.rows; ++h) {
      int const e = hits.by_row[h], r = e / right_rows, c = e % right_rows;
      index_t const i = at.row + r, j = at.column + c;
      if (c >= at.columns || (diagonal && j < i)) { continue; }
      if (products[e] >= lists.thresholds[i]) { lists.offer(i, j, products[e], evaluated); }
    }
    for (std::int32_t h = 0; h < hits.columns; ++h) {
      int const e = hits.by_column[h], r = e / right_rows, c = e % right_rows;
      index_t const i = at.row + r, j = at.column + c;
      if (r >= at.rows || (diagonal && j <= i)) { continue; }
      if (products[e] >= lists.thresholds[j]) { lists.offer(j, i, products[e], evaluated); }
    }
  }

  void offer_bounded(tile const& at, float const* products, index_t& evaluated) const {
    for (int r = 0; r < at.rows; ++r) {
      for (int c = 0; c < at.columns; ++c) {
        index_t const i = at.row + r, j = at.column + c;
        if (diagonal && j < i) { continue; }
        double const product = double(products[r * right_rows + c]) + lists.error;
        offer_if_possible(i, j, product, evaluated);
        if (both && !(diagonal && i == j)) { offer_if_possible(j, i, product, evaluated); }
      }
    }
  }

  void offer_if_possible(index_t q, index_t c, double product, index_t& evaluated) const {
    if (is_nan(product)) {  // a NaN product has no bound, so the pair is offered
      return lists.offer(q, c, std::numeric_limits<float>::infinity(), evaluated);
    }
    float const bound = next_above(lists.score.bound(product, q, c));
    if (!(bound < lists.thresholds[q])) { lists.offer(q, c, bound, evaluated); }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
