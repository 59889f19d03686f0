// coupleface: reading and writing elements of any storage type through double.
#pragma once

#include <coupleface/element.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

// Every element type converts to double without loss.
template <class T>
COUPLEFACE_HOST_DEVICE inline double load(T const& x) {
  if constexpr (std::is_floating_point_v<T>) {
    return x;
  } else {
    return static_cast<double>(static_cast<float>(x));
  }
}

template <class T>
COUPLEFACE_HOST_DEVICE inline T store(double x) {
  if constexpr (std::is_constructible_v<T, double>) {
    return static_cast<T>(x);
  } else {
    return static_cast<T>(static_cast<float>(x));
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
