// SPDX-License-Identifier: Apache-2.0
// coupleface: checked labels of a margin softmax, because kernels must not trust labels.
#pragma once

#include <coupleface/detail/losses/softmax_targets.hpp>

#include <type_traits>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr index_t ignored_column = -1;
inline constexpr index_t broken_column = -2;  ///< label out of range: the loss becomes NaN

template <class L>
COUPLEFACE_HOST_DEVICE index_t trusted_column(all_targets<L> const& targets, index_t i,
                                              index_t weight_rows) {
  index_t const label = static_cast<index_t>(targets.labels(i));
  return label >= -1 && label < weight_rows ? label : broken_column;
}

template <class L, class I>
COUPLEFACE_HOST_DEVICE index_t trusted_column(sampled_targets<L, I> const& targets, index_t i,
                                              index_t weight_rows) {
  index_t const label = static_cast<index_t>(targets.labels(i));
  if (label < 0) { return label == -1 ? ignored_column : broken_column; }
  index_t const column = targets.column(i);
  return column >= 0 && label < weight_rows ? column : broken_column;
}

/// Elements of right_row().
template <class W, class Targets>
using right_element = std::remove_cv_t<std::remove_pointer_t<decltype(right_row(
    std::declval<matrix_view<W const>>(), std::declval<Targets const&>(), 0, 0))>>;

/// The weight row of a column; -1 if there is none.
template <class Targets>
COUPLEFACE_HOST_DEVICE index_t trusted_row(Targets const& targets, index_t column,
                                           index_t weight_rows) {
  index_t const row = static_cast<index_t>(targets.weight_row(column));
  return row >= 0 && row < weight_rows ? row : -1;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
