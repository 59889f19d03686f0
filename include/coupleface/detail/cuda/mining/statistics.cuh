// coupleface: statistics of a table that lies on a CUDA device: of its copy on the host.
#pragma once

#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/mining/statistics.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived, class V, class I, class Result>
void describe_table(cuda_policy<Derived> const& policy, matrix_view<V const> values,
                    matrix_view<I const> indices, index_t candidates,
                    std::vector<double> const& edges, Result& result) {
  host_copy<V> const value(policy, values);
  host_copy<I> const index(policy, indices);
  describe_table(host_side(policy), value.view(), index.view(), candidates, edges, result);
}

template <class Derived, class V, class I, class Penalty>
double active_share_of(cuda_policy<Derived> const& policy, matrix_view<V const> gaps,
                       matrix_view<I const> indices, Penalty penalty) {
  host_copy<V> const gap(policy, gaps);
  host_copy<I> const index(policy, indices);
  return active_share_of(host_side(policy), gap.view(), index.view(), penalty);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
