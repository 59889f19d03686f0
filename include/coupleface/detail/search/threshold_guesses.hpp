// SPDX-License-Identifier: Apache-2.0
// coupleface: the guessed thresholds of all queries: made before a search, checked after it.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/guessed_thresholds.hpp>
#include <coupleface/detail/search/side_panels.hpp>

#include <algorithm>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The guesses, for use inside a policy's functor.
struct guess_list {
  float* guesses;  ///< [n], infinite if there is none

  /// True if the guess may have been too high: the threshold did not rise above it during the
  /// search, so it was never proven.
  bool is_in_doubt(index_t q, float threshold) const {
    return !is_infinite(guesses[q]) && !(threshold > guesses[q]);
  }
};

/// Each failed guess costs the exact values of all candidates of its query. If more than one in
/// doubtful_share fails, eight times the expected rate, the sample was not representative (rows in
/// some order), and a pass without guesses is cheaper. Among few queries some fail by chance.
inline constexpr index_t doubtful_share = 256, doubtful_by_chance = 8;
inline index_t most_doubtful(index_t queries) {
  return queries / doubtful_share + doubtful_by_chance;
}

template <class Policy>
class threshold_guesses {
 public:
  threshold_guesses(Policy const& policy, guess_plan plan, index_t queries)
      : policy_(policy), plan_(plan), guesses_(policy, plan.size > 0 ? queries : 0) {}

  bool any() const { return plan_.size > 0; }
  // The type is named because nvcc 13 drops the braces around a template's only returned member.
  guess_list list() const { return guess_list{guesses_.data()}; }
  float* data() const { return guesses_.data(); }
  index_t size() const { return guesses_.size(); }

  /// Guesses a threshold for every query and sets it as the threshold of its list.
  template <class Sides, class Lists>
  void make(Sides& sides, screen_kernels const& kernels, search_plan const& plan,
            Lists const& lists) {
    scratch<index_t, Policy> const sampled(policy_, plan_.size);
    index_t* const ids = sampled.data();
    for (index_t s = 0; s < plan_.size; ++s) {
      ids[s] = sampled_candidate(s, plan_.size, plan.candidates);
    }
    index_t const padded = rounded_up(plan_.size, right_rows);
    scratch<panel_word, Policy> const apart(policy_, plan.right_stays ? padded * plan.words : 0);
    panel_word const* const sample = sides.pack_listed(ids, plan_.size, apart.data());
    index_t const stride = left_rows * padded;
    scratch<float, Policy> const scores(policy_, plan.parts * stride);
    for (index_t block = 0; block < plan.left.blocks(); ++block) {
      for_each_index(policy_, plan.parts,
                     [=, guess = plan_, left = sides.left(block), scores = scores.data(),
                      guesses = guesses_.data()](index_t t) {
                       guess_part(lists, kernels, plan.words, plan.left.part(block, t, left),
                                  sample, ids, guess, scores + t * stride, guesses);
                     });
    }
  }

  /// Number of guesses in doubt after the search.
  index_t doubtful(float const* thresholds) const {
    index_t count = 0;
    for (index_t q = 0; q < size(); ++q) { count += list().is_in_doubt(q, thresholds[q]); }
    return count;
  }

  void drop() { std::fill(data(), data() + size(), -std::numeric_limits<float>::infinity()); }

 private:
  Policy const& policy_;
  guess_plan plan_;
  scratch<float, Policy> guesses_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
