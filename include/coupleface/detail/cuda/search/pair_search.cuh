// SPDX-License-Identifier: Apache-2.0
// coupleface: exact search for the best pairs of every query on a CUDA device.
#pragma once

#include <coupleface/detail/cuda/search/device_search.cuh>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Finds per query the K kept candidates with the largest score. The tensor cores multiply
/// `Element`.
template <class Element = bfloat16, class Derived, class Score, class V, class I, class Keep>
void search_pairs(cuda_policy<Derived> const& base, Score const& score, Keep const& keep,
                  matrix_view<V> values, matrix_view<I> indices, device_limits limits = {}) {
  if (values.extent(1) == 0 || values.extent(0) == 0) { return; }
  auto const& policy = static_cast<Derived const&>(base);
  // A list's counts are int.
  expect(score.candidates() < std::numeric_limits<int>::max() / 2, "search", "too many candidates");
  if constexpr (screening_of<Score> == screening::none) {
    scan_exactly(policy, score, keep, {nullptr, nullptr, values.extent(0)}, values, indices,
                 limits);
  } else {
    device_search<Element, Derived, Score, Keep, V, I> search(policy, score, keep, values, indices,
                                                              limits);
    while (search.step() < search.steps()) { search.advance(); }
    search.finish();
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
