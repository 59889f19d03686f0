// SPDX-License-Identifier: Apache-2.0
// Test support: compares tables mined by the policy under test with the host's, bit for bit.
#pragma once

#include "brute_force.hpp"

#include <coupleface/keep.hpp>
#include <coupleface/mining/nearest.hpp>

#include <thrust/execution_policy.h>

#include <string>
#include <utility>
#include <vector>

namespace coupleface_test {

/// on_device(values, indices) and by_host(values, indices) write the same table, to device and host
/// views.
template <class V = float, class I = std::int32_t, class OnDevice, class OnHost>
void expect_same_table(index_t rows, index_t slots, OnDevice on_device, OnHost by_host,
                       std::string const& what) {
  matrix<V> values(rows, slots, 1);
  matrix<I> indices(rows, slots, 2);
  host_matrix<V> host_values(rows, slots, 1);
  host_matrix<I> host_indices(rows, slots, 2);
  on_device(values.view(), indices.view());
  by_host(host_values.view(), host_indices.view());
  auto const mined_values = on_host(values);
  auto const mined = on_host(indices);
  for (index_t i = 0; i < rows; ++i) {
    for (index_t slot = 0; slot < slots; ++slot) {
      ASSERT_EQ(mined.get(i, slot), host_indices.get(i, slot))
          << what << ": row " << i << " slot " << slot << ", " << mined_values.get(i, slot)
          << " for " << host_values.get(i, slot);
      ASSERT_TRUE(same_value(mined_values.get(i, slot), host_values.get(i, slot)))
          << what << ": row " << i << " slot " << slot << ", " << mined_values.get(i, slot)
          << ", not " << host_values.get(i, slot);
    }
  }
}

struct no_pair {
  COUPLEFACE_HOST_DEVICE bool operator()(index_t, index_t) const { return false; }
};

/// mine_nearest by the policy under test and by the host. Equal views stay equal on the host.
template <class V = float, class I = std::int32_t, class Element = coupleface::bfloat16, class Q,
          class C, class Relation = coupleface::cosine, class Keep = coupleface::other_rows>
void expect_nearest_of_host(matrix<Q> const& queries, matrix<C> const& candidates, index_t slots,
                            Relation relation = {}, Keep keep = {},
                            coupleface::detail::device_limits limits = {}) {
  auto const q = queries.view();
  auto const c = candidates.view();
  auto const host_q = on_host(queries);
  auto const host_c = on_host(candidates);
  void const* const rows[] = {q.data_handle(), c.data_handle()};
  bool const same = rows[0] == rows[1];
  expect_same_table<V, I>(
      queries.rows(), slots,
      [&](auto values, auto indices) {
        coupleface::detail::mine_nearest<Element>(policy(), q, c, values, indices, relation, keep,
                                                  limits);
      },
      [&](auto values, auto indices) {
        if constexpr (std::is_same_v<Q, C>) {
          coupleface::mine_nearest(thrust::seq, host_q.view(), same ? host_q.view() : host_c.view(),
                                   values, indices, relation, keep);
        } else {
          coupleface::mine_nearest(thrust::seq, host_q.view(), host_c.view(), values, indices,
                                   relation, keep);
        }
      },
      std::to_string(queries.rows()) + " x " + std::to_string(candidates.rows()) + " of width " +
          std::to_string(queries.columns()) + ", K " + std::to_string(slots));
}

}  // namespace coupleface_test
