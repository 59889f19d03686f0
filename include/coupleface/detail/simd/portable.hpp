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

#if defined(__GNUC__) && !COUPLEFACE_HAS_CUDA
#if defined(__AVX__)
#define COUPLEFACE_VECTOR_BYTES 32
#else
#define COUPLEFACE_VECTOR_BYTES 16
#endif
using native_floats __attribute__((vector_size(COUPLEFACE_VECTOR_BYTES))) = float;
using native_doubles __attribute__((vector_size(COUPLEFACE_VECTOR_BYTES))) = double;
/// One register of the processor that the unit is compiled for.
template <class T>
using native_vector = std::conditional_t<std::is_same_v<T, float>, native_floats, native_doubles>;
#else
template <class T>
using native_vector = plain_vector<T>;
#endif

}  // namespace detail
COUPLEFACE_NAMESPACE_END
