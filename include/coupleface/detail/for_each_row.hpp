// SPDX-License-Identifier: Apache-2.0
// coupleface: runs body(team, i) for every row by a policy: one thread per row on the host, a team
// of threads on a device.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/row_sums.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// `A` and `B` are the element types of the rows that the body reads.
template <class A, class B, class Derived, class Body>
void for_each_row(host_policy<Derived> const& policy, index_t rows, Body const& body) {
  for_each_index(static_cast<Derived const&>(policy), rows,
                 [=](index_t i) { body(one_thread{}, i); });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/for_each_row.cuh>
#endif
