// SPDX-License-Identifier: Apache-2.0
// coupleface: integer division and multiples, rounded up.
#pragma once

#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

COUPLEFACE_HOST_DEVICE constexpr index_t rounded_up_quotient(index_t a, index_t b) {
  return a / b + (a % b != 0);
}

/// The smallest multiple that is >= a.
COUPLEFACE_HOST_DEVICE constexpr index_t rounded_up(index_t a, index_t multiple) {
  return rounded_up_quotient(a, multiple) * multiple;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
