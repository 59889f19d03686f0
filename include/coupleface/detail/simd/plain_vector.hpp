// SPDX-License-Identifier: Apache-2.0
// coupleface: vectors of floats or doubles for every target.
#pragma once

#include <coupleface/config.hpp>

#include <cstddef>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A vector of T without compiler extensions, for code that is generic in its vector type.
template <class T>
struct plain_vector {
  static constexpr std::size_t lanes = 16 / sizeof(T);
  T x[lanes];

  COUPLEFACE_ALWAYS_INLINE plain_vector& operator+=(plain_vector const& other) {
    for (std::size_t l = 0; l < lanes; ++l) { x[l] += other.x[l]; }
    return *this;
  }
  friend COUPLEFACE_ALWAYS_INLINE plain_vector operator*(T a, plain_vector b) {
    for (std::size_t l = 0; l < lanes; ++l) { b.x[l] *= a; }
    return b;
  }
};

// Dependent types in vector_size need a class template of their own.
#if defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
template <class T, int bytes>
struct register_type {
  using type __attribute__((vector_size(bytes))) = T;
};
template <class T>
struct register_type<T, 8> {
  using type __attribute__((vector_size(16))) = T;
};
#else
template <class T, int>
struct register_type {
  using type = plain_vector<T>;
};
#endif
/// One register of `bytes` bytes; of 16, which every processor has, for the portable kernels.
template <class T, int bytes>
using register_of = typename register_type<T, bytes>::type;

}  // namespace detail
COUPLEFACE_NAMESPACE_END
