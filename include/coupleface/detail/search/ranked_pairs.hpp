// SPDX-License-Identifier: Apache-2.0
// coupleface: sorts the scored pairs of one query by rank.
#pragma once

#include <coupleface/detail/search/list_scans.hpp>
#include <coupleface/detail/top_k.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class V, class I>
struct scored_pair {
  V value;
  I candidate;
};

/// Up to this many pairs are ranked by comparing each with all others, vectorised and branch-free.
inline constexpr index_t most_compared = 512;
/// Comparisons per step: whole vectors on any processor.
inline constexpr std::int32_t compared_together = 32;

/// Writes the first k, ranked by value alone. Returns false and writes nothing if two pairs share a
/// rank: equal values, or NaN.
template <class V, class I>
bool write_distinct(scored_pair<V, I> const* pairs, index_t count, V* values, I* indices,
                    index_t k) {
  alignas(64) float value[most_compared];
  std::int16_t place[most_compared];
  std::int32_t const n = static_cast<std::int32_t>(count);
  std::int32_t const whole = (n + compared_together - 1) / compared_together * compared_together;
  for (std::int32_t p = 0; p < n; ++p) { value[p] = static_cast<float>(load(pairs[p].value)); }
  std::fill(value + n, value + whole, -std::numeric_limits<float>::infinity());
  std::fill(place, place + n, std::int16_t(-1));
  for (std::int32_t p = 0; p < n; ++p) {
    place[count_above(value, whole, value[p])] = static_cast<std::int16_t>(p);
  }
  if (std::find(place, place + n, -1) != place + n) { return false; }
  for (index_t at = 0; at < std::min(count, k); ++at) {
    values[at] = pairs[place[at]].value;
    indices[at] = pairs[place[at]].candidate;
  }
  return true;
}

/// Writes the first k of `pairs` in order, then empty slots. May reorder `pairs`.
template <class V, class I>
void write_ranked(scored_pair<V, I>* pairs, index_t count, V* values, I* indices, index_t k) {
  if constexpr (!std::is_same_v<V, double>) {
    if (count <= most_compared && write_distinct(pairs, count, values, indices, k)) {
      std::fill(values + std::min(count, k), values + k, store<V>(no_score));
      std::fill(indices + std::min(count, k), indices + k, I(-1));
      return;
    }
  }
  std::sort(pairs, pairs + count, [](auto const& a, auto const& b) {
    return ranks_before(load(a.value), a.candidate, load(b.value), b.candidate);
  });
  for (index_t at = 0; at < k; ++at) {
    values[at] = at < count ? pairs[at].value : store<V>(no_score);
    indices[at] = at < count ? pairs[at].candidate : I(-1);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
