// SPDX-License-Identifier: Apache-2.0
// coupleface: loads and stores elements of any storage type as double.
#pragma once

#include <coupleface/element.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

// Not std::isnan: clang compiles the inline functions of <cmath> with the flags of the translation
// unit, and under -fno-honor-nans they return false without testing.
template <class T>
COUPLEFACE_HOST_DEVICE constexpr bool is_nan(T x) {
  return x != x;
}
template <class T>
COUPLEFACE_HOST_DEVICE constexpr bool is_finite(T x) {
  return x - x == 0;
}
template <class T>
COUPLEFACE_HOST_DEVICE constexpr bool is_infinite(T x) {
  return !is_finite(x) && !is_nan(x);
}

// Every element type converts to double without loss.
template <class T>
COUPLEFACE_HOST_DEVICE inline double load(T const& x) {
  if constexpr (std::is_floating_point_v<T>) {
    return x;
  } else {
    return static_cast<double>(static_cast<float>(x));
  }
}

/// Rounded once: types that convert only from float get a float rounded to odd first.
template <class T>
COUPLEFACE_HOST_DEVICE inline T store(double x) {
  if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, float16> ||
                std::is_same_v<T, bfloat16>) {
    return static_cast<T>(x);
  } else {
    return static_cast<T>(element_bits::round_to_odd(x));
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
