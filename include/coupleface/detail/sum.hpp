// SPDX-License-Identifier: Apache-2.0
// coupleface: sums in one fixed order. thrust::reduce gives different bits on each backend.
#pragma once

#include <coupleface/detail/for_each_index.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Takes the place of a gradient view when only the value is wanted.
struct no_gradient {};

/// *result = scale * (terms[0] + ... + terms[n-1]), from left to right; 0 for no terms.
template <class Derived, class L>
void store_sum(host_policy<Derived> const& policy, double const* terms, index_t n, double scale,
               L* result) {
  for_each_index(static_cast<Derived const&>(policy), 1, [=](index_t) {
    double sum = 0;
    for (index_t i = 0; i < n; ++i) { sum += terms[i]; }
    *result = static_cast<L>(n == 0 ? 0.0 : sum * scale);
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/sum.cuh>
#endif
