// SPDX-License-Identifier: Apache-2.0
// coupleface: a batch's rows in doubles, their distances, and the gradient of a loss of these, host
// side.
//
// Matrices [n, n] are stored as panels: element (i, k) at [(k / panel * rows + i) * panel + k %
// panel].
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/angle_triples.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rows in panels, element e of row i at [(i / panel * width + e) * panel + i % panel].
struct angle_rows {
  static constexpr index_t panel = panel_width<double>;
  double* elements;
  index_t rows, width;  ///< padded

  /// Where element (i, k) of a matrix [rows, rows] is.
  index_t at(index_t i, index_t k) const { return (k / panel * rows + i) * panel + k % panel; }
  double* of(index_t i) const { return elements + i / panel * width * panel + i % panel; }

  /// x, minus `mean` unless that is null.
  template <class Derived, class X>
  void pack(Derived const& policy, matrix_view<X const> x, double const* mean) const {
    for_each_index(policy, rows / panel, [=, *this](index_t p) {
      double* const out = of(p * panel);
      std::fill(out, out + width * panel, 0.0);
      for (index_t l = 0; l < std::min(panel, x.extent(0) - p * panel); ++l) {
        X const* const row = x.row(p * panel + l);
        for (index_t e = 0; e < x.extent(1); ++e) {
          out[e * panel + l] = load(row[e]) - (mean == nullptr ? 0.0 : mean[e]);
        }
      }
    });
  }

  template <class Derived>
  void distances(Derived const& policy, index_t depth, double* out) const {
    for_each_index(policy, rows / panel, [=, *this](index_t p) {
      for (index_t i = 0; i < rows; i += product_rows) {
        panel_distances(depth, of(i), of(p * panel), out + (p * rows + i) * panel);
      }
    });
  }
};

template <class Derived>
class angle_row_memory {
 public:
  angle_row_memory(Derived const& policy, index_t n, index_t width)
      : rows_(rounded_up(n, angle_rows::panel)),
        width_(std::max(product_rows, rounded_up(width, product_rows))),
        elements_(policy, rows_ * width_) {}
  angle_rows rows() const { return {elements_.data(), rows_, width_}; }

 private:
  index_t rows_, width_;
  line_scratch<double, Derived> elements_;
};

/// gradient_a = scale sum_b 2 pulls (a, b) (x_a - x_b).
template <class G>
void store_pull_gradient(angle_rows const& x, double const* pulls, double scale, index_t p,
                         matrix_view<G> gradient) {
  constexpr index_t panel = angle_rows::panel;
  index_t const n = gradient.extent(0), used = std::min(panel, n - p * panel);
  double const* const mine = pulls + p * x.rows * panel;
  double sums[std::size_t(panel)] = {}, products[std::size_t(product_rows * panel)];
  for (index_t b = 0; b < n; ++b) {
    for (index_t l = 0; l < panel; ++l) { sums[l] += mine[b * panel + l]; }
  }
  for (index_t e = 0; e < gradient.extent(1); e += product_rows) {
    panel_product<left_side::rows>(n, x.elements + e * panel, x.width * panel, mine, products,
                                   panel, false);
    for (index_t r = 0; r < std::min(product_rows, gradient.extent(1) - e); ++r) {
      for (index_t l = 0; l < used; ++l) {
        double const g = sums[l] * x.of(p * panel)[(e + r) * panel + l] - products[r * panel + l];
        gradient(p * panel + l, e + r) = store<G>(scale == 0 ? 0.0 : 2 * scale * g);
      }
    }
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
