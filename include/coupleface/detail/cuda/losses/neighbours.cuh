// SPDX-License-Identifier: Apache-2.0
// coupleface: checks and counts of neighbour ids, which kernels must not trust.
#pragma once

#include <coupleface/detail/losses/neighbours.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

// Ids are never read back, so kernels must check them.
template <class I>
COUPLEFACE_HOST_DEVICE bool lists_none(listed_neighbours<I> const&, index_t) {
  return false;
}
template <class L, class I>
COUPLEFACE_HOST_DEVICE bool lists_none(labelled_neighbours<L, I> const& neighbours, index_t i) {
  index_t const label = static_cast<index_t>(neighbours.labels(i));
  return label < -1 || label >= neighbours.table.extent(0);
}

/// counts[i] = number of entries of sample i that name a row.
template <class Neighbours>
struct count_pairs_body {
  Neighbours neighbours;
  int* counts;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const count = lists_none(neighbours, i) ? 0 : neighbours.count(i);
    int mine = 0;
    if (count > 0) {
      auto const* const ids = neighbours.begin(i);
      team.columns(count, [&](index_t k) { mine += ids[k] >= 0; });
    }
    int const all = int(team.total(double(mine)));
    if (team.leads()) { counts[i] = all; }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
