// SPDX-License-Identifier: Apache-2.0
// coupleface: the one bisection by which searches find a score that K of many scores reach.
#pragma once

#include <coupleface/view.hpp>

#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A list is good enough when at most a 32nd more than K of it are left: each further step of the
/// bisection costs a pass over all of it, and drops half of that few.
inline constexpr index_t surplus_share = 32;
COUPLEFACE_HOST_DEVICE constexpr index_t enough_of(index_t k) { return k + k / surplus_share; }

/// The largest x between low and high that bisection finds at least k of some scores to reach;
/// count(x) says how many reach x, and k reach low. Ends early at an x that at most
/// `enough` reach.
#if COUPLEFACE_HAS_CUDA
#pragma nv_exec_check_disable  // `count` is the host's or the device's, as the caller is
#endif
template <class Number, class Count>
COUPLEFACE_HOST_DEVICE Number bisected(Number low, Number high, int steps, index_t k,
                                       index_t enough, Count const& count) {
  for (int step = 0; step < steps; ++step) {
    Number const middle = low + (high - low) / 2;
    if (middle == low) { break; }
    index_t const reached = index_t(count(middle));
    (reached >= k ? low : high) = middle;
    if (reached >= k && reached <= enough) { break; }
  }
  return low;
}

/// The same of floats; -infinity if fewer than k reach low.
template <class Count>
float bisected_score(float low, float high, int steps, index_t k, index_t enough, Count count) {
  if (index_t(count(low)) < k) { return -std::numeric_limits<float>::infinity(); }
  return bisected(low, high, steps, k, enough, count);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
