// SPDX-License-Identifier: Apache-2.0
// coupleface: the candidates that an exact search keeps per query while products are computed.
//
// A list starts with *screened* scores: it keeps all that may be among the K best, given their
// error, and computes exact values at the end. A list without room for that becomes *exact*: the K
// best by exact value, updated at every hit. Nothing is dropped for lack of room.
#pragma once

#include <coupleface/detail/search/common_score.hpp>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/top_k.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Lists of all queries. K entries per list are in the outputs, unordered, with id -1 if empty. The
/// most recent pairs, and those that do not fit there, wait in scratch.
template <class Score, class V, class I, class Keep>
struct candidate_lists {
  using score_type = Score;
  static constexpr std::int32_t exact = -1;  ///< stored instead of a count
  /// Shrinking takes 1 to 2 us. A list that frees less than an eighth of its room becomes exact.
  static constexpr index_t most_eighths = 7;
  static constexpr bool begins_exact = screening_of<Score> != screening::direct || has_limit<Score>;

  Score score;
  Keep keep;
  matrix_view<V> values;
  matrix_view<I> indices;
  double error;               ///< bound on |screened score - exact score|
  float* thresholds;          ///< [n] pairs with a lower screened score cannot be among the K best
  std::int32_t* counts;       ///< [n] number of waiting pairs, or `exact`
  screened_pair<I>* waiting;  ///< [n, room]
  index_t room;

  void clear(index_t q) const {
    thresholds[q] = -std::numeric_limits<float>::infinity();
    counts[q] = begins_exact || room == 0 ? exact : 0;
    heap(q).clear();
  }

  /// Initialises the unused waiting slots, because visit_state stores all of them.
  void clear_unused(index_t q) const {
    std::fill(waiting_of(q) + std::max(counts[q], 0), waiting_of(q) + room, screened_pair<I>{});
  }

  bool is_exact(index_t q) const { return counts[q] == exact; }
  screened_pair<I>* waiting_of(index_t q) const { return waiting + q * room; }

  /// Takes a pair whose screened score reached the threshold. `evaluated` counts exact scores.
  void offer(index_t q, index_t c, float screened, index_t& evaluated) const {
    if (!keep(q, c)) { return; }
    std::int32_t const at = counts[q];
    if (at == exact) { return offer_exact(q, c, screened, evaluated); }
    waiting_of(q)[at] = {screened, static_cast<I>(c)};
    counts[q] = at + 1;
    if (at + 1 < room) { return; }
    shrink(q);
    if (counts[q] > room / 8 * most_eighths) { make_exact(q, evaluated); }
  }

  /// Drops the pairs that at least K others certainly beat.
  void shrink(index_t q) const {
    float const common = common_score(values.row(q), capacity(), waiting_of(q), counts[q],
                                      thresholds[q], most_score());
    float const cut = next_below(double(common) - 2 * error);
    V* const value = values.row(q);
    I* const id = indices.row(q);
    screened_pair<I>* const more = waiting_of(q);
    // Moves the surviving pairs to the front, in the outputs and among those waiting, branch-free.
    index_t kept = 0, left = 0, next = 0;
    for (index_t at = 0; at < capacity(); ++at) {
      bool const stays = id[at] >= 0 && float(value[at]) >= cut;
      value[kept] = value[at];
      id[kept] = id[at];
      kept += stays;
    }
    for (index_t w = 0; w < counts[q]; ++w) {
      more[left] = more[w];
      left += more[w].score >= cut;
    }
    // Waiting pairs fill the free output slots; the rest keep waiting.
    for (; kept < capacity() && next < left; ++kept, ++next) {
      value[kept] = static_cast<V>(more[next].score);
      id[kept] = more[next].candidate;
    }
    for (; kept < capacity(); ++kept) {
      value[kept] = store<V>(no_score);
      id[kept] = I(-1);
    }
    std::copy(more + next, more + left, more);
    counts[q] = static_cast<std::int32_t>(left - next);
    thresholds[q] = std::max(thresholds[q], cut);
  }

  void shrink_screened(index_t q) const {
    if (!is_exact(q)) { shrink(q); }
  }

  /// Converts a list of screened scores to a heap of the K best exact ones.
  void make_exact(index_t q, index_t& evaluated) const {
    index_t const pairs = counts[q];
    for (index_t at = 0; at < capacity(); ++at) {
      bool const present = indices(q, at) >= 0;
      evaluated += present;
      values(q, at) = store<V>(present ? score(q, indices(q, at)) : no_score);
    }
    heap(q).restore();
    counts[q] = exact;
    for (index_t w = 0; w < pairs; ++w) { evaluate(q, waiting_of(q)[w].candidate, evaluated); }
    raise_threshold(q);
  }

  /// Offers the pairs that no product can screen: all pairs without a screen, else those with an
  /// odd (not finite) row. Their product is NaN; they matter only if there are too few others.
  void offer_unscreened(index_t q, bool odd_candidates, index_t& evaluated) const {
    if constexpr (screening_of<Score> == screening::none) {
      for (index_t c = 0; c < score.candidates(); ++c) { offer(q, c, 0.0f, evaluated); }
    } else if constexpr (screening_of<Score> == screening::direct) {
      bool const all = score.odd_query(q);
      if (!all && !odd_candidates) { return; }
      if (!is_exact(q)) {
        shrink(q);
        make_exact(q, evaluated);
      }
      if (indices(q, 0) >= 0) { return; }
      for (index_t c = 0; c < score.candidates(); ++c) {
        if ((all || score.odd_candidate(c)) && keep(q, c)) { evaluate(q, c, evaluated); }
      }
    }
    (void)odd_candidates;
  }

  bounded_heap<V, I> heap(index_t q) const {
    return {values.row(q), indices.row(q), values.extent(1)};
  }

  /// No screened score reaches most_score(): rounding changes a score by far less than this factor.
  static constexpr float above_all = 1.01f;
  float most_score() const { return float(score.magnitude() * score.magnitude()) * above_all; }

  /// Fills a cleared list with the exact values of all candidates that a screen covers.
  void fill_exactly(index_t q, index_t& evaluated) const {
    counts[q] = exact;
    constexpr int group = 4;
    I ids[group];
    int size = 0;
    for (index_t c = 0; c < score.candidates() && !score.odd_query(q); ++c) {
      if (score.odd_candidate(c) || !keep(q, c)) { continue; }
      ids[size++] = static_cast<I>(c);
      if (size < group) { continue; }
      double scores[group];
      score.evaluate(q, ids, scores);
      for (int k = 0; k < group; ++k) { take(q, index_t(ids[k]), scores[k]); }
      evaluated += group;
      size = 0;
    }
    for (int k = 0; k < size; ++k) { evaluate(q, index_t(ids[k]), evaluated); }
  }

 private:
  index_t capacity() const { return values.extent(1); }

  void evaluate(index_t q, index_t c, index_t& evaluated) const {
    ++evaluated;
    take(q, c, score(q, c));
  }

  void take(index_t q, index_t c, double exact_score) const {
    V const value = store<V>(exact_score);
    if constexpr (has_limit<Score>) {
      if (!(value <= score.limit(q))) { return; }
    }
    heap(q).offer(value, static_cast<I>(c));
  }

  void offer_exact(index_t q, index_t c, float screened, index_t& evaluated) const {
    if constexpr (has_limit<Score> && screening_of<Score> == screening::direct) {
      if (double(screened) - error > score.limit(q)) { return; }
    }
    evaluate(q, c, evaluated);
    raise_threshold(q);
  }

  // For an exact list: rejects scores that the error bound puts below the worst one kept.
  void raise_threshold(index_t q) const {
    if (indices(q, 0) < 0 || is_nan(values(q, 0))) { return; }
    float const cut =
        next_below(double(values(q, 0)) - (screening_of<Score> == screening::direct ? error : 0.0));
    thresholds[q] = std::max(thresholds[q], cut);
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
