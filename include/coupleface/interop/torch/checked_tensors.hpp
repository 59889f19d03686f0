// SPDX-License-Identifier: Apache-2.0
// coupleface: what the library requires of tensors, and their memory as views.
#pragma once

#include <coupleface/element.hpp>
#include <coupleface/error.hpp>
#include <coupleface/view.hpp>

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class T>
constexpr at::ScalarType scalar_type_of() {
  using element = std::remove_const_t<T>;
  if constexpr (std::is_same_v<element, float16>) {
    return at::kHalf;
  } else if constexpr (std::is_same_v<element, bfloat16>) {
    return at::kBFloat16;
  } else if constexpr (std::is_same_v<element, long long>) {
    return at::kLong;  // beside std::int64_t, which may be long
  } else {
    return c10::CppTypeToScalarType<element>::value;
  }
}

inline void expect_tensor(char const* function, char const* argument, at::Tensor const& t,
                          index_t dimensions) {
  std::string const name = argument;
  if (!t.defined()) { fail(function, name + " is an undefined tensor"); }
  if (t.layout() != at::kStrided || t.is_quantized()) {
    fail(function, name + " is no dense tensor");
  }
  expect_equal(function, ("number of dimensions of " + name).c_str(), t.dim(), "what it must be",
               dimensions);
}

template <class T>
void expect_scalar_type(char const* function, char const* argument, at::Tensor const& t) {
  if (t.scalar_type() != scalar_type_of<T>()) {
    fail(function, std::string(argument) + " has elements of " + c10::toString(t.scalar_type()) +
                       ", but must have " + c10::toString(scalar_type_of<T>()));
  }
}

inline void expect_device(char const* function, char const* argument, at::Tensor const& t,
                          char const* reference, at::Tensor const& expected) {
  if (t.device() != expected.device()) {
    fail(function, std::string(argument) + " is on " + t.device().str() + ", but " + reference +
                       " is on " + expected.device().str());
  }
}

template <class T>
matrix_view<T> unchecked_matrix(at::Tensor const& t) {
  return {static_cast<T*>(t.data_ptr()), t.size(0), t.size(1),
          t.size(0) > 1 ? t.stride(0) : t.size(1)};
}

template <class T>
vector_view<T> unchecked_vector(at::Tensor const& t) {
  return {static_cast<T*>(t.data_ptr()), t.size(0)};
}

/// The tensor itself if a view can express its layout, otherwise a copy with such a layout.
inline at::Tensor with_rows(char const* function, char const* argument, at::Tensor const& t) {
  expect_tensor(function, argument, t, 2);
  at::Tensor const x = t.detach().resolve_neg();
  bool const gapless = x.size(1) <= 1 || x.stride(1) == 1;
  bool const apart = x.size(0) <= 1 || x.stride(0) >= x.size(1);
  return gapless && apart ? x : x.contiguous();
}

/// Labels, classes: libtorch's indices are 64 bits wide.
inline at::Tensor with_ids(char const* function, char const* argument, at::Tensor const& t,
                           index_t dimensions, char const* reference, at::Tensor const& beside) {
  expect_tensor(function, argument, t, dimensions);
  expect_scalar_type<std::int64_t>(function, argument, t);
  expect_device(function, argument, t, reference, beside);
  return t.contiguous();
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
