// SPDX-License-Identifier: Apache-2.0
// coupleface: thresholds guessed from a sample before an exact search, so that fewer pairs pass. A
// guess proves nothing: the search checks every one and repeats the queries whose guess was too
// high.
#pragma once

#include <coupleface/detail/mixed_bits.hpp>
#include <coupleface/detail/search/bisection.hpp>
#include <coupleface/detail/search/candidate_lists.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/search/search_plan.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The size of a sample of candidates, and the rank in it whose score is guessed to lie below the
/// K-th best of all candidates.
struct guess_plan {
  index_t size = 0;  ///< 0: a guess does not pay
  index_t rank = 0;
};

/// Accepted probability that a row's guess is too high. Such a row takes exact values of all its
/// candidates, which costs tens of times what a guess saves per row: negligible at once in 2,000
/// rows.
inline constexpr double guess_failure = 1.0 / 2000;

/// The smallest rank that a Poisson variable of this mean reaches with a probability below
/// guess_failure.
inline index_t safe_rank(double mean) {
  // exp(-mean) underflows at 745. Four standard deviations (3e-5 for a normal variable) are as
  // safe.
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

/// A sample pays only if it spans several panels and if fewer pairs pass with it than this share of
/// those that pass without it.
inline constexpr index_t least_sample = 4 * right_rows;
inline constexpr double worthwhile_share = 0.7;

/// A fortieth of the candidates costs a twentieth of the products of a symmetric search. Without a
/// guess about K (1 + ln(m / K)) pairs per query pass the rising threshold; with one, rank * m /
/// size.
inline guess_plan plan_guess(index_t k, index_t candidates, index_t most) {
  index_t const size = std::min(most, candidates / sampled_share);
  if (size < least_sample) { return {}; }
  index_t const rank = safe_rank(double(k) * double(size) / double(candidates));
  double const passing = double(rank) * double(candidates) / double(size);
  double const otherwise = double(k) * (1 + std::log(double(candidates) / double(k)));
  return rank > size || passing > worthwhile_share * otherwise ? guess_plan{}
                                                               : guess_plan{size, rank};
}

/// Seed of the sample; any number would do.
inline constexpr std::uint64_t sample_seed = 0x6775657373u;

/// Candidate s of the sample: a random one from stretch s of `size` equal stretches.
inline index_t sampled_candidate(index_t s, index_t size, index_t candidates) {
  index_t const first = s * candidates / size, last = (s + 1) * candidates / size;
  return first + index_t(mixed_bits(sample_seed, std::uint64_t(s)) % std::uint64_t(last - first));
}

/// Bisection steps for the sample's scores: 2^-16 of their range is well below the distance between
/// neighbouring ranks of a sample.
inline constexpr int ranked_score_steps = 16;

/// The largest score found by bisection that at least `rank` of `scores` reach.
inline float ranked_score(float const* scores, index_t size, index_t rank, float most) {
  auto const count = [=](float least) {
    std::int32_t reached = 0;
    for (std::int32_t s = 0; s < static_cast<std::int32_t>(size); ++s) {
      reached += scores[s] >= least;
    }
    return reached;
  };
  index_t const never = rank - 1;  // no early stop: the guess should be as high as its rank allows
  return bisected_score(-most, most, ranked_score_steps, rank, never, count);
}

/// Guesses the thresholds of one part of the queries. `scores` is scratch for left_rows rows of
/// sample scores, padded to whole panels; `sampled` holds the sample's candidate ids.
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
      // Of the coarse screen's upper bounds the products that they bound.
      if (kernels.refine != nullptr) {
        subtract_slack(words, queries.panels + i * words, sample + j * words, products);
      }
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
