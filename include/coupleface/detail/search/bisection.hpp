// SPDX-License-Identifier: Apache-2.0
// coupleface: bisection for a score that at least K of many scores reach.
#pragma once

#include <coupleface/view.hpp>

#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Bisection stops early once the list has at most K / 32 entries more than K: each further step
/// costs a pass over the whole list and drops only half of the surplus.
inline constexpr index_t surplus_share = 32;
COUPLEFACE_HOST_DEVICE constexpr index_t enough_of(index_t k) { return k + k / surplus_share; }

/// The largest x between low and high found by bisection that at least k scores reach. count(x)
/// returns how many scores reach x; at least k must reach low. Stops early at an x that at most
/// `enough` scores reach.
#if COUPLEFACE_HAS_CUDA
#pragma nv_exec_check_disable  // `count` is a host or device function, like the caller
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

/// The same for floats; -infinity if fewer than k scores reach low.
template <class Count>
float bisected_score(float low, float high, int steps, index_t k, index_t enough, Count count) {
  if (index_t(count(low)) < k) { return -std::numeric_limits<float>::infinity(); }
  return bisected(low, high, steps, k, enough, count);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
