// SPDX-License-Identifier: Apache-2.0
// coupleface: execution policies. Every Thrust policy is accepted; the library defines none of its
// own.
//
// The caller includes the Thrust header of the policy it passes (<thrust/execution_policy.h>, or
// <thrust/system/omp/execution_policy.h>, ...); the library reaches Thrust's algorithms through it.
// Only this header knows the names of Thrust's policy bases.
#pragma once

#include <coupleface/element.hpp>

#include <thrust/system/detail/sequential/execution_policy.h>

#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

// thrust::seq, host, cpp::par, omp::par, tbb::par, with an allocator or without, all derive from
// this.
template <class Derived>
using host_policy = thrust::system::detail::sequential::execution_policy<Derived>;

template <class Derived>
std::true_type is_host_policy(host_policy<Derived> const*);
std::false_type is_host_policy(void const*);

template <class Derived>
std::true_type is_thrust_policy(thrust::execution_policy<Derived> const*);
std::false_type is_thrust_policy(void const*);

template <class Policy>
inline constexpr bool is_host_policy_v =
    decltype(is_host_policy(static_cast<std::decay_t<Policy>*>(nullptr)))::value;

template <class Policy>
inline constexpr bool is_thrust_policy_v =
    decltype(is_thrust_policy(static_cast<std::decay_t<Policy>*>(nullptr)))::value;

}  // namespace detail
COUPLEFACE_NAMESPACE_END

/// Stops a call without a policy, or with a CUDA policy in a unit that nvcc does not compile.
#define COUPLEFACE_EXPECT_POLICY(function, Policy)                                                 \
  static_assert(::coupleface::detail::is_thrust_policy_v<Policy>,                                  \
                "coupleface::" function ": the first argument must be a Thrust execution policy"); \
  static_assert(COUPLEFACE_HAS_KERNELS || !::coupleface::detail::is_thrust_policy_v<Policy> ||     \
                    ::coupleface::detail::is_host_policy_v<Policy>,                                \
                "coupleface::" function                                                            \
                ": a CUDA policy needs a translation unit compiled by nvcc")

/// Stops a call with elements that the library cannot read.
#define COUPLEFACE_EXPECT_ELEMENTS(function, argument, T)             \
  static_assert(::coupleface::is_element<std::remove_cv_t<T>>::value, \
                "coupleface::" function ": " argument                 \
                " must have elements of float, double, float16 or bfloat16")

/// Stops a call with ids or labels that are not signed integers.
#define COUPLEFACE_EXPECT_IDS(function, argument, T)                                              \
  static_assert(std::is_integral_v<std::remove_cv_t<T>> && std::is_signed_v<std::remove_cv_t<T>>, \
                "coupleface::" function ": " argument " must have signed integer elements")

/// Stops a call with an output that cannot be written.
#define COUPLEFACE_EXPECT_OUTPUT(function, argument, T) \
  static_assert(!std::is_const_v<T>, "coupleface::" function ": " argument " must not be const")
