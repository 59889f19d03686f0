// coupleface: near-duplicates in a table that lies on a CUDA device: of its copy on the host.
#pragma once

#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/mining/near_duplicates.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived, class V, class I, class Result>
void find_near_duplicates(cuda_policy<Derived> const& policy, matrix_view<V const> values,
                          matrix_view<I const> indices, double threshold, Result& result) {
  host_copy<V> const value(policy, values);
  host_copy<I> const index(policy, indices);
  find_near_duplicates(host_side(policy), value.view(), index.view(), threshold, result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
