// SPDX-License-Identifier: Apache-2.0
// coupleface: what each walk over all pairs evaluates of a law.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/pairs/pair_panels.hpp>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The first walk: the statistics.
template <class Law>
struct statistic_terms {
  static constexpr int count = Law::sums, constants = 0;
  Law law;
  COUPLEFACE_HOST_DEVICE numbers<count> operator()(double s, double t, numbers<0>) const {
    return law.statistics(s, t);
  }
};

/// The second walk: the value, and what finish_back() reads.
template <class Law>
struct value_terms {
  static constexpr int count = 1 + Law::back_sums, constants = Law::constants;
  Law law;
  COUPLEFACE_HOST_DEVICE numbers<count> operator()(double s, double t,
                                                   numbers<constants> const& c) const {
    numbers<count> out{law.value(s, t, c)};
    if constexpr (Law::back_sums > 0) {
      auto const back = law.back(s, t, c);
      for (std::size_t k = 0; k < std::size_t(Law::back_sums); ++k) { out[k + 1] = back[k]; }
    }
    return out;
  }
};

/// Nothing: a walk for the gradient alone.
struct no_terms {
  static constexpr int count = 0, constants = 0;
};

/// The last walk: d value / d s, the statistics' share included.
template <class Law>
struct slope_terms {
  static constexpr int count = 1, constants = Law::constants;
  Law law;
  COUPLEFACE_HOST_DEVICE numbers<1> operator()(double s, double t,
                                               numbers<constants> const& c) const {
    numbers<1> out;  // nvcc drops the braces around a returned member
    out[0] = law.slope(s, t, c);
    return out;
  }
};

/// Constants of each row from its sums and those of all rows, which are added in order.
template <std::size_t Count, class Derived, class Finish>
void finish_rows(Derived const& policy, index_t rows, row_numbers sums, Finish finish) {
  scratch<double, Derived> const totals(policy, index_t(Count));
  double* const all = totals.data();
  for_each_index(policy, index_t(Count), [=](index_t k) {
    double sum = 0;
    for (index_t i = 0; i < rows; ++i) { sum += sums(int(k), i); }
    all[k] = sum;
  });
  for_each_index(policy, rows, [=](index_t i) {
    numbers<int(Count)> of_row, of_all;
    for (std::size_t k = 0; k < Count; ++k) {
      of_row[k] = sums(int(k), i);
      of_all[k] = all[k];
    }
    finish(i, of_row, of_all);
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
