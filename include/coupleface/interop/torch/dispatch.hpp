// SPDX-License-Identifier: Apache-2.0
// coupleface: from a tensor's run-time properties to the types and the policy that the library is
// compiled for.
#pragma once

#include <coupleface/error.hpp>
#include <coupleface/interop/torch/checked_tensors.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <ATen/ATen.h>

#if COUPLEFACE_HAS_CUDA && __has_include(<coupleface/detail/cuda/runtime.cuh>)
#define COUPLEFACE_TORCH_CUDA 1
#include <thrust/system/cuda/execution_policy.h>

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>
#else
#define COUPLEFACE_TORCH_CUDA 0
#endif

#include <string>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class T>
struct element_tag {
  using type = T;
};

/// f(element_tag<T>) for the tensor's element type.
template <class F>
void with_element(char const* function, char const* argument, at::Tensor const& t, F const& f) {
  switch (t.scalar_type()) {
    case at::kFloat:
      return f(element_tag<float>());
    case at::kDouble:
      return f(element_tag<double>());
    case at::kHalf:
      return f(element_tag<float16>());
    case at::kBFloat16:
      return f(element_tag<bfloat16>());
    default:
      fail(function, std::string(argument) + " has elements of " + c10::toString(t.scalar_type()) +
                         ", but must have Float, Double, Half or BFloat16");
  }
}

/// f(tag of a's elements, tag of b's): the same, or, under automatic mixed precision, a's two bytes
/// beside b's float. Other pairs would only be compiled, never used.
template <class F>
void with_elements(char const* function, char const* a_name, at::Tensor const& a,
                   char const* b_name, at::Tensor const& b, F const& f) {
  expect_device(function, b_name, b, a_name, a);
  with_element(function, a_name, a, [&](auto tag) {
    if (b.scalar_type() == a.scalar_type()) { return f(tag, tag); }
    if constexpr (sizeof(typename decltype(tag)::type) == 2) {
      if (b.scalar_type() == at::kFloat) { return f(tag, element_tag<float>()); }
    }
    fail(function, std::string(b_name) + " has elements of " + c10::toString(b.scalar_type()) +
                       ", but " + a_name + " of " + c10::toString(a.scalar_type()) +
                       "; they must be the same, or two bytes wide beside Float");
  });
}

inline std::string not_served(at::Device device) {
  return "the tensors are on " + device.str() +
         (device.is_cuda() ? ", which needs a translation unit compiled by nvcc"
                           : "; CPU and CUDA are served");
}

/// f(policy) with the caller's policy, or one for the current stream of the tensor's device.
template <class Policy, class F>
void with_policy(char const* function, Policy const& policy, at::Tensor const& t, F const& f) {
  if (t.is_cpu()) {
    if constexpr (is_host_policy_v<Policy>) {
      return f(policy);
    } else {
      fail(function, "the tensors are on the CPU, but the policy is not for it");
    }
  }
#if COUPLEFACE_TORCH_CUDA
  if (t.is_cuda()) {
    c10::cuda::CUDAGuard const guard(t.device());
    return f(thrust::cuda::par_nosync.on(at::cuda::getCurrentCUDAStream(t.device().index())));
  }
#endif
  fail(function, not_served(t.device()));
}

/// f(policy, rows of a, rows of b) with the types of both and the policy for where they lie.
template <class Policy, class F>
void with_row_views(char const* function, Policy const& policy, char const* a_name,
                    at::Tensor const& a, char const* b_name, at::Tensor const& b, F const& f) {
  with_elements(function, a_name, a, b_name, b, [&](auto a_tag, auto b_tag) {
    using A = typename decltype(a_tag)::type const;
    using B = typename decltype(b_tag)::type const;
    with_policy(function, policy, a,
                [&](auto const& on) { f(on, unchecked_matrix<A>(a), unchecked_matrix<B>(b)); });
  });
}

/// The type in which the loss of such rows and its gradients are computed.
template <class T>
using loss_type = accumulator_t<std::remove_const_t<T>>;

template <class T>
scalar_view<loss_type<T>> loss_view(at::Tensor const& loss, matrix_view<T>) {
  return make_scalar_view(static_cast<loss_type<T>*>(loss.data_ptr()));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
