// SPDX-License-Identifier: Apache-2.0
// coupleface: a score that the K best of a list of screened scores all reach.
#pragma once

#include <coupleface/detail/search/bisection.hpp>
#include <coupleface/detail/search/list_pairs.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Bisection steps: enough to divide the range of a cosine down to a float's last place.
inline constexpr int common_score_steps = 24;

/// Lists of up to this length are copied to make their scores contiguous.
inline constexpr index_t most_copied_scores = 1024;

/// Counting runs over whole vectors of this many floats, the widest that exist.
inline constexpr std::int32_t vector_floats = 16;

/// A score that at least `slots` of the scores reach, counting those in `slots` slots (-infinity if
/// empty) and of `waits` waiting pairs, and that few more reach if bisection can tell them apart;
/// -infinity if there are fewer. Every score is at least `low` (-infinity: unknown) and at most
/// `most`.
template <class V, class I>
float common_score(V const* slot, index_t slots, screened_pair<I> const* waiting, index_t waits,
                   float low, float most) {
  auto const for_each_score = [=](auto take) {
    std::int32_t const n = static_cast<std::int32_t>(slots), m = static_cast<std::int32_t>(waits);
    for (std::int32_t at = 0; at < n; ++at) { take(float(slot[at])); }
    for (std::int32_t w = 0; w < m; ++w) { take(waiting[w].score); }
  };
  low = std::max(low, -most);
  if (slots + waits > most_copied_scores) {
    return bisected_score(low, most, common_score_steps, slots, enough_of(slots), [=](float least) {
      std::int32_t count = 0;
      for_each_score([&](float x) { count += x >= least; });
      return count;
    });
  }
  alignas(64) float scores[most_copied_scores];
  std::int32_t copied = 0;
  for_each_score([&](float x) { scores[copied++] = x; });
  std::int32_t const whole = (copied + vector_floats - 1) / vector_floats * vector_floats;
  std::fill(scores + copied, scores + whole, -std::numeric_limits<float>::infinity());
  return bisected_score(low, most, common_score_steps, slots, enough_of(slots),
                        [&scores, whole](float least) {
                          std::int32_t count = 0;
                          for (std::int32_t at = 0; at < whole; ++at) {
                            count += scores[at] >= least;
                          }
                          return count;
                        });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
