// SPDX-License-Identifier: Apache-2.0
// coupleface: the name of the public function that is running on a CUDA device. It appears in the
// messages of failed calls and, if the NVTX header is found, as an NVTX range (domain
// "coupleface").
#pragma once

#include <coupleface/detail/device_call.hpp>

#if COUPLEFACE_HAS_CUDA && __has_include(<nvtx3/nvToolsExt.h>)
#define COUPLEFACE_NVTX 1
#include <nvtx3/nvToolsExt.h>
#else
#define COUPLEFACE_NVTX 0
#endif

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

#if COUPLEFACE_NVTX
/// An NVTX range on this thread, from construction to destruction. Without a profiler each call
/// costs a check of a null pointer.
class profiler_range {
 public:
  explicit profiler_range(char const* name) {
    nvtxEventAttributes_t attributes = {};
    attributes.version = NVTX_VERSION;
    attributes.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
    attributes.messageType = NVTX_MESSAGE_TYPE_ASCII;
    attributes.message.ascii = name;
    nvtxDomainRangePushEx(domain(), &attributes);
  }
  profiler_range(profiler_range const&) = delete;
  ~profiler_range() { nvtxDomainRangePop(domain()); }

 private:
  static nvtxDomainHandle_t domain() {
    static nvtxDomainHandle_t const handle = nvtxDomainCreateA("coupleface");
    return handle;
  }
};
#else
struct profiler_range {
  explicit profiler_range(char const*) {}
};
#endif

/// The innermost public function that is running on this thread.
inline thread_local char const* function_at_work = "a device call";

template <class Policy>
class [[maybe_unused]] device_call<Policy, std::enable_if_t<!is_host_policy_v<Policy>>> {
 public:
  explicit device_call(char const* function) : outer_(function_at_work), range_(function) {
    function_at_work = function;
  }
  device_call(device_call const&) = delete;
  ~device_call() { function_at_work = outer_; }

 private:
  char const* outer_;
  profiler_range range_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
