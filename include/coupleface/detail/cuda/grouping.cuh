// SPDX-License-Identifier: Apache-2.0
// coupleface: groups samples by class on a CUDA device with a stable sort by label.
#pragma once

#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/cuda/sort.cuh>
#include <coupleface/detail/grouping.hpp>
#include <coupleface/error.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Samples without a class, or with an unknown one, come last and belong to no group.
template <class L>
struct label_key_body {
  vector_view<L const> labels;
  index_t classes;
  std::uint32_t* keys;
  index_t* samples;

  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const {
    index_t const label = static_cast<index_t>(labels(i));
    keys[i] = static_cast<std::uint32_t>(label >= 0 && label < classes ? label : classes);
    samples[i] = i;
  }
};

/// The first position in sorted keys whose key is at least c.
struct group_begin_body {
  std::uint32_t const* keys;
  index_t count;
  index_t* begins;

  COUPLEFACE_HOST_DEVICE void operator()(index_t c) const {
    index_t begin = 0, end = count;
    while (begin < end) {
      index_t const middle = begin + (end - begin) / 2;
      if (static_cast<index_t>(keys[middle]) < c) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    begins[c] = begin;
  }
};

/// Number of bits that represent 0 ... classes.
constexpr int label_bits(index_t classes) {
  int bits = 1;
  while (bits < 32 && classes >> bits > 0) { ++bits; }
  return bits;
}

/// Like the host's group_by_label; labels that are out of range are ignored like -1.
template <class Derived, class L>
void group_by_label(cuda_policy<Derived> const& base, vector_view<L const> labels, index_t classes,
                    index_t* begins, index_t* members) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = labels.extent(0);
  expect(classes < index_t(0xffffffff), "group_by_label", "more classes than a device can sort");
  scratch<std::uint32_t, Derived> const keys(policy, 2 * n);
  scratch<index_t, Derived> const samples(policy, n);
  std::uint32_t* const sorted = keys.data() + n;
  launch_indices(policy, n, label_key_body<L>{labels, classes, keys.data(), samples.data()});
  sort_by_key(policy, static_cast<std::uint32_t const*>(keys.data()), sorted,
              static_cast<index_t const*>(samples.data()), members, n, label_bits(classes));
  launch_indices(policy, classes + 1, group_begin_body{sorted, n, begins});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
