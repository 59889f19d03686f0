// SPDX-License-Identifier: Apache-2.0
// coupleface: how a violated precondition is reported.
//
// Each check is O(1), always on, and comes before anything is written. The message names the
// function, the argument and both sizes.
#pragma once

#include <coupleface/view.hpp>

#include <limits>
#include <stdexcept>
#include <string>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

[[noreturn]] inline void fail(char const* function, std::string const& what) {
  throw std::invalid_argument(std::string("coupleface::") + function + ": " + what);
}

inline void expect(bool holds, char const* function, char const* what) {
  if (!holds) { fail(function, what); }
}

inline void expect_equal(char const* function, char const* what, index_t size,
                         char const* reference, index_t expected) {
  if (size != expected) {
    fail(function, std::string(what) + " is " + std::to_string(size) + ", but " + reference +
                       " is " + std::to_string(expected));
  }
}

template <class T>
void expect_view(char const* function, char const* argument, matrix_view<T> view) {
  if (view.extent(0) < 0 || view.extent(1) < 0) {
    fail(function, std::string(argument) + " has a negative extent: " +
                       std::to_string(view.extent(0)) + " x " + std::to_string(view.extent(1)));
  }
  if (view.stride(0) < view.extent(1) && view.extent(0) > 1) {
    fail(function, std::string(argument) + " has row stride " + std::to_string(view.stride(0)) +
                       " but " + std::to_string(view.extent(1)) + " columns");
  }
  if (view.data_handle() == nullptr && view.extent(0) > 0 && view.extent(1) > 0) {
    fail(function, std::string(argument) + " is a null pointer with extents " +
                       std::to_string(view.extent(0)) + " x " + std::to_string(view.extent(1)));
  }
}

template <class T>
void expect_view(char const* function, char const* argument, vector_view<T> view) {
  if (view.extent(0) < 0 || (view.data_handle() == nullptr && view.extent(0) > 0)) {
    fail(function, std::string(argument) + " is a null pointer or has a negative extent: " +
                       std::to_string(view.extent(0)));
  }
}

template <class T>
void expect_view(char const* function, char const* argument, scalar_view<T> view) {
  if (view.data_handle() == nullptr) {
    fail(function, std::string(argument) + " is a null pointer");
  }
}

template <class A, class B>
void expect_same_shape(char const* function, char const* argument, matrix_view<A> view,
                       char const* reference, matrix_view<B> expected) {
  expect_view(function, argument, view);
  expect_view(function, reference, expected);
  if (view.extent(0) != expected.extent(0) || view.extent(1) != expected.extent(1)) {
    fail(function, std::string(argument) + " is " + std::to_string(view.extent(0)) + " x " +
                       std::to_string(view.extent(1)) + ", but " + reference + " is " +
                       std::to_string(expected.extent(0)) + " x " +
                       std::to_string(expected.extent(1)));
  }
}

// Stored ids may be narrower than an extent.
template <class Id>
void expect_ids_fit(char const* function, char const* argument, index_t rows) {
  if (static_cast<std::uint64_t>(rows) >
      static_cast<std::uint64_t>(std::numeric_limits<Id>::max())) {
    fail(function, std::string(argument) + " has " + std::to_string(rows) +
                       " rows, more than the index type can number (" +
                       std::to_string(std::numeric_limits<Id>::max()) + ")");
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
