// SPDX-License-Identifier: Apache-2.0
// coupleface: searches whole inputs for NaN and infinity, host side.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/scratch.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// First column that holds NaN or infinity, -1 if there is none.
template <class X>
COUPLEFACE_HOST_DEVICE inline index_t first_not_finite(X const* x, index_t width) {
  for (index_t j = 0; j < width; ++j) {
    if (!is_finite(load(x[j]))) { return j; }
  }
  return -1;
}

/// Throws if any row has such a column (columns[row] >= 0); element(row, column) reads it.
template <class Element>
void expect_no_column(char const* name, index_t const* columns, index_t rows, Element element) {
  index_t first = -1, broken = 0;
  for (index_t i = rows - 1; i >= 0; --i) {
    if (columns[i] >= 0) {
      first = i;
      ++broken;
    }
  }
  if (broken > 0) {
    fail("check_finite",
         std::string(name) + "(" + std::to_string(first) + ", " + std::to_string(columns[first]) +
             ") is " + std::to_string(element(first, columns[first])) + "; " +
             std::to_string(broken) + " of " + std::to_string(rows) + " rows are not finite");
  }
}

template <class Derived, class X>
void check_finite(host_policy<Derived> const& base, matrix_view<X const> x, char const* name) {
  auto const& policy = static_cast<Derived const&>(base);
  scratch<index_t, Derived> const columns(policy, x.extent(0));
  index_t* const column = columns.data();
  for_each_index(policy, x.extent(0),
                 [=](index_t i) { column[i] = first_not_finite(x.row(i), x.extent(1)); });
  expect_no_column(name, column, x.extent(0), [=](index_t i, index_t j) { return load(x(i, j)); });
}

template <class Derived, class L>
void check_labels(host_policy<Derived> const&, vector_view<L const> labels, index_t classes,
                  char const* name) {
  expect_ids("check_labels", name, labels, classes);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/check.cuh>
#endif
