// SPDX-License-Identifier: Apache-2.0
// coupleface: thresholds guessed from a sample before an exact search, so that fewer pairs have to
// be looked at. A guess proves nothing: the search checks every one, and repeats what was guessed
// too high.
#pragma once

#include <coupleface/detail/mixed_bits.hpp>
#include <coupleface/detail/search/bisection.hpp>
#include <coupleface/detail/search/candidate_lists.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/search/search_plan.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A sample of candidates, and the place in it whose score is guessed to lie below the K-th of all.
struct guess_plan {
  index_t size = 0;  ///< 0: no guess is worth its cost
  index_t rank = 0;
};

/// How often a row's guess may be too high: such a row takes exact values of all its candidates,
/// tens of times what a guess saves a row, so that once in 2,000 rows does not count.
inline constexpr double guess_failure = 1.0 / 2000;

/// Smallest rank that a Poisson variable of this mean reaches with a probability under
/// guess_failure.
inline index_t safe_rank(double mean) {
  // exp(-mean) underflows at 745. Four deviations, 3e-5 of a normal variable, are as safe there.
  constexpr double large_mean = 500;
  if (mean > large_mean) { return index_t(mean + 4 * std::sqrt(mean)); }
  double term = std::exp(-mean), tail = 1;
  index_t rank = 0;
  for (; tail >= guess_failure; ++rank) {
    tail -= term;
    term *= mean / double(rank + 1);
  }
  return rank;
}

/// A sample is worth the pass over it only if it has some panels, and if fewer pairs then pass than
/// this share of those that would pass without it.
inline constexpr index_t least_sample = 4 * right_rows;
inline constexpr double worthwhile_share = 0.7;

/// A fortieth of the candidates costs a twentieth of the products of a symmetric search. Without a
/// guess about K (1 + ln(m / K)) pairs a query pass the rising threshold, with one rank m / size.
inline guess_plan plan_guess(index_t k, index_t candidates, index_t most) {
  index_t const size = std::min(most, candidates / sampled_share);
  if (size < least_sample) { return {}; }
  index_t const rank = safe_rank(double(k) * double(size) / double(candidates));
  double const passing = double(rank) * double(candidates) / double(size);
  double const otherwise = double(k) * (1 + std::log(double(candidates) / double(k)));
  return rank > size || passing > worthwhile_share * otherwise ? guess_plan{}
                                                               : guess_plan{size, rank};
}

/// Which sample is taken; any number would do.
inline constexpr std::uint64_t sample_seed = 0x6775657373u;

/// Candidate s of the sample: one of each of `size` equal stretches, anywhere in it.
inline index_t sampled_candidate(index_t s, index_t size, index_t candidates) {
  index_t const first = s * candidates / size, last = (s + 1) * candidates / size;
  return first + index_t(mixed_bits(sample_seed, std::uint64_t(s)) % std::uint64_t(last - first));
}

/// Steps of a bisection of the sample's scores: 2^-16 of their range is well below the distance of
/// neighbouring ranks in a sample.
inline constexpr int ranked_score_steps = 16;

/// The largest score that bisection finds at least `rank` of `scores` to reach.
inline float ranked_score(float const* scores, index_t size, index_t rank, float most) {
  auto const count = [=](float least) {
    std::int32_t reached = 0;
    for (std::int32_t s = 0; s < static_cast<std::int32_t>(size); ++s) {
      reached += scores[s] >= least;
    }
    return reached;
  };
  index_t const never = rank - 1;  // a guess is as high as its rank allows
  return bisected_score(-most, most, ranked_score_steps, rank, never, count);
}

/// Guesses for one part of the queries; `scores` holds left_rows rows of the sample's panels,
/// `sampled` its candidates.
template <class Lists>
void guess_part(Lists const& lists, screen_kernels const& kernels, index_t words,
                packed_part queries, panel_word const* sample, index_t const* sampled,
                guess_plan plan, float* scores, float* guesses) {
  index_t const stride = rounded_up(plan.size, right_rows);
  float const most = lists.most_score();
  for (index_t i = 0; i < queries.count; i += left_rows) {
    for (index_t j = 0; j < plan.size; j += right_rows) {
      float products[left_rows * right_rows];
      kernels.product(words, queries.panels + i * words, sample + j * words, products);
      for (int r = 0; r < left_rows; ++r) {
        float* const to = scores + r * stride + j;
        for (int c = 0; c < right_rows; ++c) { to[c] = products[r * right_rows + c]; }
      }
    }
    for (index_t r = 0; r < std::min<index_t>(left_rows, queries.count - i); ++r) {
      index_t const q = queries.first + i + r;
      float* const row = scores + r * stride;
      for (index_t s = 0; s < plan.size; ++s) {
        if (Lists::score_type::absolute) { row[s] = std::fabs(row[s]); }
        if (!lists.keep(q, sampled[s])) { row[s] = -std::numeric_limits<float>::infinity(); }
      }
      float const ranked = ranked_score(row, plan.size, plan.rank, most);
      guesses[q] = lists.thresholds[q] = next_below(double(ranked) - 2 * lists.error);
    }
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
