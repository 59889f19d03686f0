// coupleface: sorting on a CUDA device: CUB's stable radix sort.
#pragma once

#include <coupleface/detail/cuda/scratch.cuh>

#if COUPLEFACE_HAS_CUDA

#include <cub/device/device_radix_sort.cuh>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Values in the order of their keys' lowest `bits`; equal keys keep their order.
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
