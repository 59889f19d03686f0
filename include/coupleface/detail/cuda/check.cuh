// SPDX-License-Identifier: Apache-2.0
// coupleface: checks of whole inputs on a CUDA device. They wait for the result, which is read
// back.
#pragma once

#include <coupleface/detail/check.hpp>
#include <coupleface/detail/cuda/row_kernels.cuh>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class X>
struct not_finite_body {
  matrix_view<X const> x;
  index_t* columns;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const width = x.extent(1);
    X const* const row = x.row(i);
    index_t mine = width;
    team.columns(width, [&](index_t j) {
      if (j < mine && !is_finite(load(row[j]))) { mine = j; }
    });
    double const first = team.smallest(double(mine));  // column numbers are exact in double
    if (team.leads()) { columns[i] = first < double(width) ? index_t(first) : -1; }
  }
};

template <class Derived, class X>
void check_finite(cuda_policy<Derived> const& base, matrix_view<X const> x, char const* name) {
  auto const& policy = static_cast<Derived const&>(base);
  if (x.extent(0) == 0) { return; }
  scratch<index_t, Derived> const columns(policy, x.extent(0));
  launch_rows<vector_elements<X>>(policy, x.extent(0), not_finite_body<X>{x, columns.data()});
  std::vector<index_t> column(static_cast<std::size_t>(x.extent(0)));
  read_back(policy, static_cast<index_t const*>(columns.data()), x.extent(0), column.data());
  expect_no_column(name, column.data(), x.extent(0), [&](index_t i, index_t j) {
    X element;
    read_back(policy, x.row(i) + j, 1, &element);
    return load(element);
  });
}

template <class Derived, class L>
void check_labels(cuda_policy<Derived> const& policy, vector_view<L const> labels, index_t classes,
                  char const* name) {
  if (labels.extent(0) == 0) { return; }
  std::vector<L> copy(static_cast<std::size_t>(labels.extent(0)));
  read_back(policy, labels.data_handle(), labels.extent(0), copy.data());
  expect_ids("check_labels", name, copy.data(), labels.extent(0), classes);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
