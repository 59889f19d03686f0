// SPDX-License-Identifier: Apache-2.0
// coupleface: the hardest negatives of evaluation-oriented distillation, a short list of pairs.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/ekd_panels.hpp>
#include <coupleface/detail/rounded_product.hpp>
#include <coupleface/detail/row.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The `size` hardest of a lane's negatives, the least hard first.
template <class Acc>
struct hardest_of_lane {
  ekd_negative<Acc>* list;
  index_t size;
  index_t* used;

  void add(ekd_negative<Acc> const& pair) const {
    if (*used == size) {
      if (size == 0 || !(pair < list[0])) { return; }
      std::pop_heap(list, list + size);
      list[size - 1] = pair;
    } else {
      list[(*used)++] = pair;
    }
    std::push_heap(list, list + *used);
  }
};

/// The gradient of row i += slope * unit row j.
template <class Acc>
struct ekd_pull {
  Acc slope;
  index_t i, j;

  friend bool operator<(ekd_pull const& a, ekd_pull const& b) {
    return a.i != b.i ? a.i < b.i : a.j < b.j;
  }
};

/// The sum of (r_s - r_t)^2 over a list; pulls[p] becomes scale times its derivative for pair p.
template <class Acc>
double negative_pulls(ekd_negative<Acc> const* list, index_t count, ekd_law<Acc> const& law,
                      double scale, ekd_pull<Acc>* pulls) {
  constexpr index_t panel = panel_width<Acc>;
  double total = 0;
  for (index_t first = 0; first < count; first += panel) {
    index_t const used = std::min(panel, count - first);
    Acc s[std::size_t(panel)] = {}, t[std::size_t(panel)] = {};
    Acc gap[std::size_t(panel)], slope[std::size_t(panel)];
    for (index_t l = 0; l < used; ++l) {
      s[l] = list[first + l].student;
      t[l] = list[first + l].teacher;
    }
    rank_gaps(s, t, law, gap, slope);
    for (index_t l = 0; l < used; ++l) {
      auto const& pair = list[first + l];
      total += rounded_product(double(gap[l]), double(gap[l]));
      pulls[first + l] = {Acc(2 * scale) * gap[l] * slope[l], pair.i, pair.j};
    }
  }
  return total;
}

/// gradient += pulls, which are in order.
template <class Acc, class Derived, class E>
void add_pulls(Derived const& policy, ekd_pull<Acc> const* pulls, index_t count, index_t rows,
               matrix_view<E const> others, Acc* gradient, index_t gradient_width) {
  for_each_index(policy, rows, [=](index_t i) {
    index_t const width = others.extent(1);
    auto const* at = std::lower_bound(pulls, pulls + count, ekd_pull<Acc>{Acc(0), i, 0});
    for (; at != pulls + count && at->i == i; ++at) {
      E const* const other = others.row(at->j);
      pull_to_unit_row(at->slope, inverse_norm<E>(row_norm(other, width)), other, width,
                       gradient + i * gradient_width);
    }
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
