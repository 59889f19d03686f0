// SPDX-License-Identifier: Apache-2.0
// coupleface: counters on a CUDA device. They are integers, so the order of additions is
// irrelevant.
#pragma once

#include <coupleface/detail/cuda/atomics.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/scratch.hpp>

#include <cstdint>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct clear_counters_body {
  std::uint64_t* counts;
  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const { counts[i] = 0; }
};

/// Counters that start at 0 and are read back at the end.
template <class Derived>
class device_counters {
 public:
  device_counters(Derived const& policy, index_t size) : policy_(policy), memory_(policy, size) {
    launch_indices(policy, size, clear_counters_body{memory_.data()});
  }
  std::uint64_t* data() const { return memory_.data(); }
  std::vector<std::uint64_t> to_host() const {
    std::vector<std::uint64_t> counts(static_cast<std::size_t>(memory_.size()));
    if (!counts.empty()) {
      read_back(policy_, static_cast<std::uint64_t const*>(memory_.data()), memory_.size(),
                counts.data());
    }
    return counts;
  }

 private:
  Derived const& policy_;
  scratch<std::uint64_t, Derived> memory_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
