// coupleface: thresholds guessed from a sample before an exact search, so that fewer pairs have to
// be looked at. A guess proves nothing: the search checks every one, and repeats what was guessed
// too high.
#pragma once

#include <coupleface/detail/mixed_bits.hpp>
#include <coupleface/detail/search/candidate_lists.hpp>
#include <coupleface/detail/search/search_plan.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A sample of candidates, and the place in it whose score is guessed to lie below the K-th of all.
struct guess_plan {
  index_t size = 0;  ///< 0: no guess is worth its cost
  index_t rank = 0;
};

/// Smallest rank that a Poisson variable of this mean reaches with a probability under 1/2000.
inline index_t safe_rank(double mean) {
  // The terms of large means underflow; there four deviations are as safe.
  if (mean > 500) { return index_t(mean + 4 * std::sqrt(mean)); }
  double term = std::exp(-mean), tail = 1;
  index_t rank = 0;
  for (; tail >= 1.0 / 2000; ++rank) {
    tail -= term;
    term *= mean / double(rank + 1);
  }
  return rank;
}

/// A fortieth of the candidates costs a twentieth of the products of a symmetric search. Without a
/// guess about K (1 + ln(m / K)) pairs a query pass the rising threshold, with one rank m / size.
inline guess_plan plan_guess(index_t k, index_t candidates, index_t most) {
  index_t const size = std::min(most, candidates / sampled_share);
  if (size < 4 * right_rows) { return {}; }
  index_t const rank = safe_rank(double(k) * double(size) / double(candidates));
  double const passing = double(rank) * double(candidates) / double(size);
  double const otherwise = double(k) * (1 + std::log(double(candidates) / double(k)));
  return rank > size || passing > 0.7 * otherwise ? guess_plan{} : guess_plan{size, rank};
}

/// Candidate s of the sample: one of each of `size` equal stretches, anywhere in it.
inline index_t sampled_candidate(index_t s, index_t size, index_t candidates) {
  index_t const first = s * candidates / size, last = (s + 1) * candidates / size;
  return first + index_t(mixed_bits(0x6775657373u, std::uint64_t(s)) % std::uint64_t(last - first));
}

/// The largest score that bisection finds at least `rank` of `scores` to reach.
inline float ranked_score(float const* scores, index_t size, index_t rank, float most) {
  float low = -most, high = most;
  auto const count = [&](float least) {
    std::int32_t reached = 0;
    for (std::int32_t s = 0; s < static_cast<std::int32_t>(size); ++s) {
      reached += scores[s] >= least;
    }
    return reached;
  };
  if (count(low) < rank) { return -std::numeric_limits<float>::infinity(); }
  for (int step = 0; step < 16; ++step) {
    float const middle = low + (high - low) / 2;
    (count(middle) >= rank ? low : high) = middle;
  }
  return low;
}

/// Guesses for one part of the queries; `scores` holds left_rows rows of the sample's panels,
/// `sampled` its candidates.
template <class Lists>
void guess_part(Lists const& lists, screen_kernels const& kernels, index_t words,
                packed_part queries, panel_word const* sample, index_t const* sampled,
                guess_plan plan, float* scores, float* guesses) {
  index_t const stride = rounded_up(plan.size, right_rows);
  float const most = float(lists.score.magnitude() * lists.score.magnitude()) * 1.01f;
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
