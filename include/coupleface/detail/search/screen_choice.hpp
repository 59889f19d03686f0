// SPDX-License-Identifier: Apache-2.0
// coupleface: chooses the screen of a search: whether a coarse one in 8 bits pays.
#pragma once

#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/guessed_thresholds.hpp>
#include <coupleface/detail/search/packed_rows.hpp>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/search/screen_kernel.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Whether upper bounds of products can screen for this score: lists that start with screened
/// scores, ranked by the product itself.
template <class Score>
inline constexpr bool has_coarse_screen = false;
template <class Q, class C, class Relation>
inline constexpr bool has_coarse_screen<relation_score<Q, C, Relation>> =
    relation_score<Q, C, Relation>::screens_by == screening::direct &&
    !relation_score<Q, C, Relation>::absolute;

/// The largest share of hits among a sample's pairs at which a coarse screen pays; negative if none
/// does.
///
/// A tile of 14 x 32 products takes 7 cycles a column less in 8 bits than in 16. Packing a
/// candidate takes 6 cycles a column more, which only several hundred queries earn back. A hit
/// costs about 45 cycles and a fifth of a cycle a column: two rows of 16-bit integers from the
/// second-level cache. There are about three times as many as in a sample at the K-th best: by row
/// and by column, and thresholds are lower during the search. (Zen 4: both screens cost the same at
/// 13,000 normal rows of 512, K = 100, and for 500 queries among 20,000 such rows, K = 1.)
inline double most_hits(index_t width, index_t queries) {
  constexpr double saved_per_column = 7, packing = 6, hit = 45, hit_per_column = 0.19;
  constexpr double of_sampled = 3, tile = left_rows * right_rows;
  double const saved = saved_per_column - packing * tile / double(queries);
  return saved * double(width) / (of_sampled * tile * (hit + hit_per_column * double(width)));
}
/// With fewer candidates thresholds rise for most of the search, and most products are hits.
inline constexpr index_t least_int8_candidates = 8192, least_int8_width = 128;
inline constexpr index_t tried_candidates = 32 * right_rows;

/// The share of pairs of a sample that a coarse screen would pass.
template <class Policy, class Score>
double sampled_hits(Policy const& policy, Score const& score, index_t k) {
  screen_kernels const kernels = native_screen(screen_element::int8_quad);
  index_t const width = score.packed_width(), words = kernels.words(width);
  index_t const n = score.candidates(), m = score.queries();
  scratch<float, Policy> const row(policy, width);
  scratch<panel_word, Policy> const left(policy, left_rows * words);
  scratch<panel_word, Policy> const right(policy, tried_candidates * words);
  int8_bound const bound{score.magnitude(), 0};
  for (int r = 0; r < left_rows; ++r) {
    score.write_query(sampled_candidate(r, left_rows, m), row.data());
    pack_int8_row(row.data(), width, bound, true, left.data() + r, left_rows, nullptr);
  }
  for (index_t s = 0; s < tried_candidates; ++s) {
    score.write_candidate(sampled_candidate(s, tried_candidates, n), row.data());
    panel_word* const panel = right.data() + s / right_rows * right_rows * words;
    pack_int8_row(row.data(), width, bound, false, panel + s % right_rows, right_rows, nullptr);
  }
  scratch<float, Policy> const bounds(policy, left_rows * tried_candidates);
  scratch<float, Policy> const products(policy, left_rows * tried_candidates);
  for (index_t first = 0; first < tried_candidates; first += right_rows) {
    float tile[left_rows * right_rows];
    panel_word const* const panel = right.data() + first * words;
    kernels.product(words, left.data(), panel, tile);
    for (int r = 0; r < left_rows; ++r) {
      std::copy_n(tile + r * right_rows, right_rows, bounds.data() + r * tried_candidates + first);
    }
    subtract_slack(words, left.data(), panel, tile);
    for (int r = 0; r < left_rows; ++r) {
      std::copy_n(tile + r * right_rows, right_rows,
                  products.data() + r * tried_candidates + first);
    }
  }
  index_t const rank = std::max<index_t>(1, k * tried_candidates / n);
  if (rank > tried_candidates) { return 1; }
  index_t hits = 0;
  for (int r = 0; r < left_rows; ++r) {
    float const* const bound_of = bounds.data() + r * tried_candidates;
    float* const product = products.data() + r * tried_candidates;
    std::replace_if(
        product, product + tried_candidates, [](float x) { return is_nan(x); },
        -std::numeric_limits<float>::infinity());
    std::nth_element(product, product + (rank - 1), product + tried_candidates,
                     [](float a, float b) { return a > b; });
    for (index_t s = 0; s < tried_candidates; ++s) { hits += bound_of[s] >= product[rank - 1]; }
  }
  return double(hits) / double(left_rows * tried_candidates);
}

/// The kernels of a search: those given, unless they cannot screen for the score, or those that
/// suit the processor and the rows.
template <class Policy, class Score>
screen_kernels screen_for([[maybe_unused]] Policy const& policy,
                          [[maybe_unused]] Score const& score, [[maybe_unused]] index_t k,
                          screen_kernels given) {
  bool const automatic = given.product == nullptr;
  if constexpr (has_coarse_screen<Score>) {
    bool const fits = score.packed_width() <= widest_int8;
    if (!automatic && (fits || given.element != screen_element::int8_quad)) { return given; }
    double const most = most_hits(score.packed_width(), score.queries());
    if (automatic && fits && multiplies_int8() && score.packed_width() >= least_int8_width &&
        score.candidates() >= least_int8_candidates && most > 0 &&
        sampled_hits(policy, score, k) <= most) {
      return native_screen(screen_element::int8_quad);
    }
  } else if (!automatic && given.element != screen_element::int8_quad) {
    return given;
  }
  return automatic ? best_screen() : native_screen(screen_element::int16_pair);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
