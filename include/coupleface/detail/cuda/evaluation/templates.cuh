// SPDX-License-Identifier: Apache-2.0
// coupleface: sums of media averages on a CUDA device: a block per template, a thread per column.
//
// Entries are sorted by template, then medium, then position in the list, so that one thread adds a
// column's faces in the host's order.
#pragma once

#include <coupleface/detail/cuda/grouping.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/cuda/sort.cuh>
#include <coupleface/detail/evaluation/templates.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// An entry's medium as a key in ascending order.
template <class M>
struct medium_key {
  vector_view<M const> media;

  COUPLEFACE_HOST_DEVICE std::uint64_t operator()(index_t entry) const {
    // Flips the sign bit, so that negative numbers sort first.
    bool const has_sign = std::is_signed_v<M>;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(media(entry))) ^
           (std::uint64_t(has_sign) << 63);
  }
};

/// The templates of the ordered entries as keys; entries without a template come last.
template <class T>
struct template_key_body {
  vector_view<T const> templates;
  index_t count;
  index_t const* order;
  std::uint32_t* keys;
  index_t* entries;

  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    index_t const id = static_cast<index_t>(templates(order[at]));
    keys[at] = static_cast<std::uint32_t>(id >= 0 && id < count ? id : count);
    entries[at] = order[at];
  }
};

/// Fills begins [t + 1] and entries [p]: each template's entries by medium, in their order within
/// each medium.
template <class Derived, class T, class M>
void group_by_template(Derived const& policy, vector_view<T const> templates, index_t count,
                       vector_view<M const> media, index_t* begins, index_t* entries) {
  index_t const n = media.extent(0);
  expect(count < index_t(0xffffffff), "average_templates", "more templates than a device can sort");
  scratch<std::uint32_t, Derived> const keys(policy, 2 * n);
  scratch<index_t, Derived> const order(policy, n);
  std::uint32_t* const sorted = keys.data() + n;
  auto const sort = [&](int bits) {
    sort_by_key(policy, static_cast<std::uint32_t const*>(keys.data()), sorted,
                static_cast<index_t const*>(order.data()), entries, n, bits);
  };
  // Stable sorts, starting with the least significant key.
  launch_indices(policy, n,
                 half_key_body<medium_key<M>>{{media}, nullptr, 0, keys.data(), order.data()});
  sort(32);
  launch_indices(policy, n,
                 half_key_body<medium_key<M>>{{media}, entries, 32, keys.data(), order.data()});
  sort(32);
  launch_indices(policy, n,
                 template_key_body<T>{templates, count, entries, keys.data(), order.data()});
  sort(label_bits(count));
  launch_indices(policy, count + 1, group_begin_body{sorted, n, begins});
}

/// Each block processes its own templates and uses one row of sums.
template <class X, class R, class M, class Y>
struct average_templates_kernel {
  static constexpr int threads = 128;
  matrix_view<X const> x;
  vector_view<R const> rows;
  vector_view<M const> media;
  index_t const* begins;
  index_t const* entries;
  matrix_view<double> sums;  ///< [blocks, d]
  matrix_view<Y> templates;

  /// An unknown face makes its template NaN.
  COUPLEFACE_HOST_DEVICE double element(index_t entry, index_t column) const {
    index_t const row = static_cast<index_t>(rows(entry));
    return row >= 0 && row < x.extent(0) ? load(x(row, column)) : not_a_number;
  }

  COUPLEFACE_HOST_DEVICE double sum_of_averages(index_t t, index_t column) const {
    double sum = 0;
    for (index_t at = begins[t]; at < begins[t + 1];) {
      M const medium = media(entries[at]);
      double mean = 0;
      index_t count = 0;
      for (; at < begins[t + 1] && media(entries[at]) == medium; ++at, ++count) {
        mean += element(entries[at], column);
      }
      sum += mean / double(count);
    }
    return sum;
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    index_t const width = templates.extent(1);
    block_team<vector_elements<double>> const team;
    double* const sum = sums.row(block_in_grid());
    for (index_t t = block_in_grid(); t < templates.extent(0); t += blocks_in_grid()) {
      for (index_t j = thread_in_block(); j < width; j += threads) {
        sum[j] = sum_of_averages(t, j);
      }
      wait_for_block();
      normalize_row(team, sum, templates.row(t), width);
      wait_for_block();
    }
  }
};

// Ids on a device are not read back; entries of an unknown template are ignored.
template <class Derived, class X, class R, class T, class M, class Y>
void average_templates(cuda_policy<Derived> const& base, matrix_view<X const> x,
                       vector_view<R const> rows, vector_view<T const> template_ids,
                       vector_view<M const> media_ids, matrix_view<Y> templates) {
  auto const& policy = static_cast<Derived const&>(base);
  using kernel = average_templates_kernel<X, R, M, Y>;
  index_t const count = templates.extent(0), width = x.extent(1);
  index_t const blocks = lane_count(count, 2048);
  scratch<index_t, Derived> const begins(policy, count + 1), entries(policy, rows.extent(0));
  group_by_template(policy, template_ids, count, media_ids, begins.data(), entries.data());
  scratch<double, Derived> const memory(policy, blocks * width);
  launch(policy, {blocks, kernel::threads},
         kernel{x, rows, media_ids, begins.data(), entries.data(),
                matrix_view<double>(memory.data(), blocks, width), templates});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
