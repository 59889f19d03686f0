// SPDX-License-Identifier: Apache-2.0
// Test support: checks scratch use against a documented ceiling.
#pragma once

#include "counting_allocator.hpp"
#include "matrix.hpp"

#include <coupleface/mining/nearest.hpp>

#include <gtest/gtest.h>

namespace coupleface_test {

/// Expects some scratch, at most `ceiling` bytes at any time, and all of it freed.
inline void expect_scratch_within(allocation_count const& count, std::size_t ceiling) {
  EXPECT_GT(count.most, 0u);
  EXPECT_LE(count.most, ceiling);

  EXPECT_EQ(count.live, 0u);
}

/// The scratch of mine_nearest on the same rows, which its own test checks against its
/// documentation: for small problems a much tighter ceiling than 64 MiB.
template <class Q, class C>
std::size_t scratch_of_nearest(matrix<Q> const& queries, matrix<C> const& candidates, index_t k) {
  allocation_count count;
  counting_allocator allocator(count);
  matrix<float> values(queries.rows(), k);
  matrix<std::int32_t> indices(queries.rows(), k);
  coupleface::mine_nearest(thrust::seq(allocator), queries.view(), candidates.view(), values.view(),
                           indices.view());
  return count.most;
}

}  // namespace coupleface_test
