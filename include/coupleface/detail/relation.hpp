// SPDX-License-Identifier: Apache-2.0
// coupleface: exact relations of pairs of rows, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rounding allowance in a relation's bound: relative, for a sum in sixteen lanes (d / 16 + 5 units
/// of 2^-53, enough for widths up to 10^5), and absolute, for products that underflow.
inline constexpr double screen_rounding = 0x1p-40;
inline constexpr double screen_underflow = std::numeric_limits<double>::min();

// The column sums of the library's own relations. A relation with such a `term` and a from_sum()
// lets a device sum many pairs at a time.
struct product_term {
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double operator()(double sum, A const& a, B const& b) const {
    return add_product(sum, a, b);
  }
};
struct squared_gap_term {
  template <class A, class B>
  COUPLEFACE_HOST_DEVICE double operator()(double sum, A const& a, B const& b) const {
    double const gap = load(a) - load(b);
    return std::fma(gap, gap, sum);
  }
};

/// The relation of two rows, computed by one thread; cuda/relation.cuh has it for teams.
template <class Relation, class A, class B>
COUPLEFACE_HOST_DEVICE double relation_by(one_thread const&, Relation const& relation, row<A> a,
                                          row<B> b) {
  return relation(a, b);
}

template <class Derived, class A, class B, class R, class Relation>
void relation_matrix(host_policy<Derived> const& base, matrix_view<A const> a,
                     matrix_view<B const> b, matrix_view<R> relations, Relation relation) {
  auto const& policy = static_cast<Derived const&>(base);
  scratch<double, Derived> const norms(policy, a.extent(0) + b.extent(0));
  double* const a_norms = norms.data();
  double* const b_norms = a_norms + a.extent(0);
  row_norms(policy, a, a_norms);
  row_norms(policy, b, b_norms);
  for_each_index(policy, a.extent(0), [=](index_t i) {
    row<A> const a_row{a.row(i), a.extent(1), a_norms[i]};
    for (index_t j = 0; j < b.extent(0); ++j) {
      relations(i, j) = store<R>(relation(a_row, row<B>{b.row(j), b.extent(1), b_norms[j]}));
    }
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/relation.cuh>
#endif
