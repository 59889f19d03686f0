// SPDX-License-Identifier: Apache-2.0
// coupleface: RAD's two walks over bank rows, by the kernels in use.
#pragma once

#include <coupleface/detail/simd/row_kernels.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Number of rows that widened_dots() takes at a time.
inline constexpr int widened_rows = 2;

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/losses/rad_rows.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// out[r] = {x . a, x . b, x . x} with x = rows[r]. Rows a and b are floats already widened.
/// Prefetches the rows `soon` line by line.
inline void widened_dots(float const* const (&rows)[widened_rows], double const* a, double const* b,
                         index_t width, double (&out)[widened_rows][3],
                         float const* const (&soon)[widened_rows]) {
  COUPLEFACE_RETURN_KERNEL(widened_dots(rows, a, b, width, out, soon));
}

/// sum [d] += rows[r] scales[r] for r = 0, 1, ..., N - 1, each product rounded.
template <int N, class H>
void add_scaled_rows(H const* const* rows, double const* scales, index_t width, double* sum) {
  COUPLEFACE_RETURN_KERNEL(add_scaled_rows<N>(rows, scales, width, sum));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
