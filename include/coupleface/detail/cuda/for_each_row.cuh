// SPDX-License-Identifier: Apache-2.0
// coupleface: runs body(team, i) for every row on a CUDA device.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/for_each_row.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class A, class B, class Derived, class Body>
void for_each_row(cuda_policy<Derived> const& policy, index_t rows, Body const& body) {
  launch_rows<vector_elements<A, B>>(policy, rows, body);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
