// SPDX-License-Identifier: Apache-2.0
// coupleface: near-duplicates in a table on a CUDA device. One number per row and the pairs are
// read back; the table is not.
#pragma once

#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/mining/near_duplicates.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Twice the number of duplicates that a row shows, plus 1 if it may have more; -1 if an entry is
/// an unknown row.
template <class V, class I>
struct count_duplicates_body {
  matrix_view<V const> values;
  matrix_view<I const> indices;
  double threshold;
  index_t* codes;

  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const {
    index_t const rows = values.extent(0), slots = values.extent(1);
    for (index_t slot = 0; slot < slots; ++slot) {
      index_t const id = index_t(indices(i, slot));
      if (id < -1 || id >= rows) {
        codes[i] = -1;
        return;
      }
    }
    index_t const count = count_duplicates(values.row(i), indices.row(i), slots, i, threshold);
    bool const truncated =
        shows_too_few(values.row(i), indices.row(i), slots, count, rows, threshold);
    codes[i] = 2 * count + (truncated ? 1 : 0);
  }
};

/// Writes each row's pairs after those of the rows before it.
template <class Pair, class V, class I>
struct write_duplicates_body {
  matrix_view<V const> values;
  matrix_view<I const> indices;
  double threshold;
  index_t const* begins;
  Pair* pairs;

  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const {
    index_t at = begins[i];
    for (index_t slot = 0; at < begins[i + 1]; ++slot) {
      if (!holds_duplicate(values.row(i), indices.row(i), slot, i, threshold)) { continue; }
      pairs[at++] = ordered_pair<Pair>(i, index_t(indices(i, slot)), load(values(i, slot)));
    }
  }
};

template <class Derived, class V, class I, class Result>
void find_near_duplicates(cuda_policy<Derived> const& base, matrix_view<V const> values,
                          matrix_view<I const> indices, double threshold, Result& result) {
  auto const& policy = static_cast<Derived const&>(base);
  using pair = pair_of<Result>;
  index_t const n = values.extent(0);
  scratch<index_t, Derived> const memory(policy, n);
  launch_indices(policy, n, count_duplicates_body<V, I>{values, indices, threshold, memory.data()});
  auto const codes = on_host(policy, vector_view<index_t const>(memory.data(), n));
  std::vector<index_t> begins{0};
  for (index_t i = 0; i < n; ++i) {
    index_t const code = codes.vector()(i);
    // The host's copy is needed to report which entry it is.
    if (code < 0) { expect_table_ids("near_duplicates", on_host(policy, indices).view(), n); }
    if (code % 2 != 0) { result.truncated.push_back(i); }
    begins.push_back(begins.back() + code / 2);
  }
  auto const begin_list = in_memory_of(policy, vector_view<index_t const>(begins.data(), n + 1));
  scratch<pair, Derived> const list(policy, begins.back());
  launch_indices(policy, n,
                 write_duplicates_body<pair, V, I>{values, indices, threshold,
                                                   begin_list.vector().data_handle(), list.data()});
  auto const found = on_host(policy, vector_view<pair const>(list.data(), list.size()));
  result.pairs.assign(found.vector().data_handle(), found.vector().data_handle() + list.size());
  group_duplicates(n, result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
