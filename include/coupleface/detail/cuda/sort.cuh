// SPDX-License-Identifier: Apache-2.0
// coupleface: sorting on a CUDA device with CUB's stable radix sort.
#pragma once

#include <coupleface/detail/cuda/scratch.cuh>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Takes 32 bits of each item's key, key_of(item), starting at bit `shift`. A null order means
/// items 0, 1, .... Two stable sorts, lower half first, sort by 64 bits.
template <class KeyOf>
struct half_key_body {
  KeyOf key_of;
  index_t const* order;
  int shift;
  std::uint32_t* keys;
  index_t* items;

  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    index_t const item = order == nullptr ? at : order[at];
    keys[at] = static_cast<std::uint32_t>(key_of(item) >> shift);
    items[at] = item;
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_CUDA

#include <cub/device/device_radix_sort.cuh>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Sorts values by the lowest `bits` of their keys; equal keys keep their order.
template <class Derived>
void sort_by_key(cuda_policy<Derived> const& base, std::uint32_t const* keys,
                 std::uint32_t* sorted_keys, index_t const* values, index_t* sorted_values,
                 index_t count, int bits) {
  if (count == 0) { return; }
  auto const& policy = static_cast<Derived const&>(base);
  std::size_t bytes = 0;
  auto const sort = [&](void* memory) {
    expect_success(
        cub::DeviceRadixSort::SortPairs(memory, bytes, keys, sorted_keys, values, sorted_values,
                                        count, 0, bits, stream_of(policy)),
        "labels could not be sorted");
  };
  sort(nullptr);
  scratch<unsigned char, Derived> const memory(policy, static_cast<index_t>(bytes));
  sort(memory.data());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#endif
