// SPDX-License-Identifier: Apache-2.0
// coupleface: names the public function that runs on a device, for messages and profilers.
#pragma once

#include <coupleface/policy.hpp>

#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Names a public function while it runs; does nothing for host policies.
template <class Policy, class = void>
class [[maybe_unused]] device_call {
 public:
  explicit device_call(char const*) {}
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/device_call.cuh>
#endif
