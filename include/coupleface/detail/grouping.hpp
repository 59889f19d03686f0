// SPDX-License-Identifier: Apache-2.0
// coupleface: the samples of each class in ascending order, so that classes can be processed
// independently and repeated labels have a defined order.
#pragma once

#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// begins [C + 1] and members [n]: samples members[begins[c]] ... belong to class c, ascending.
/// Samples labelled -1 are in no group.
template <class L>
void group_by_label(vector_view<L const> labels, index_t classes, index_t* begins,
                    index_t* members) {
  std::fill(begins, begins + classes + 1, index_t(0));
  for (index_t i = 0; i < labels.extent(0); ++i) {
    if (labels(i) >= 0) { ++begins[index_t(labels(i)) + 1]; }
  }
  for (index_t c = 0; c < classes; ++c) { begins[c + 1] += begins[c]; }
  for (index_t i = 0; i < labels.extent(0); ++i) {
    if (labels(i) >= 0) { members[begins[labels(i)]++] = i; }
  }
  for (index_t c = classes; c > 0; --c) { begins[c] = begins[c - 1]; }
  begins[0] = 0;
}

/// The raw pointer of a std::vector's or thrust vector's storage.
template <class Vector>
auto raw(Vector& vector) {
  auto const pointer = vector.data();
  if constexpr (std::is_pointer_v<std::decay_t<decltype(pointer)>>) {
    return pointer;
  } else {
    return pointer.get();
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/grouping.cuh>
#endif
