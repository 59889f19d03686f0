// SPDX-License-Identifier: Apache-2.0
// coupleface: loops over all queries of a search, divided among lanes that count exact scores.
#pragma once

#include <coupleface/detail/for_each_index.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Calls body(lane, first, last, count) for each lane's queries; adds each count to counts[lane].
template <class Policy, class Body>
void for_each_lane(Policy const& policy, index_t lanes, index_t queries, index_t* counts,
                   Body body) {
  for_each_index(policy, lanes, [=](index_t i) {
    index_t const lane = spread_index(i, lanes);  // the first queries have the most own pairs
    index_t count = 0;
    body(lane, lane_begin(lane, lanes, queries), lane_begin(lane + 1, lanes, queries), count);
    counts[lane] += count;
  });
}

/// Calls body(query, lane, count) for every query; adds the counts in the same way.
template <class Policy, class Body>
void for_each_query(Policy const& policy, index_t lanes, index_t queries, index_t* counts,
                    Body body) {
  for_each_lane(policy, lanes, queries, counts,
                [=](index_t lane, index_t first, index_t last, index_t& count) {
                  for (index_t q = first; q < last; ++q) { body(q, lane, count); }
                });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
