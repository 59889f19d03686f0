// SPDX-License-Identifier: Apache-2.0
// coupleface: exact values for the pairs that a screen left in the lists, sorted.
#pragma once

#include <coupleface/detail/cuda/search/device_lists.cuh>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/search/screen_error.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Computes the missing exact values of every list, and keeps the K best of all in order: a block
/// per list.
template <class Score, class V, class I>
struct list_values_kernel {
  static constexpr int threads = 128;
  static constexpr int elements =
      vector_elements<typename Score::query_element, typename Score::candidate_element>;
  using sorting = top_k_kernel<V, V, I>;
  Score score;
  device_lists<V, I> lists;
  index_t first;  ///< query of the first list
  index_t rows;
  index_t k;
  device_survey const* survey;
  index_t in_shared;  ///< pairs that fit in shared memory for sorting; more are sorted in place

  COUPLEFACE_HOST_DEVICE void evaluate(index_t i, V* scores, I* ids, int count) const {
    row_team<elements> const team;
    int const teams = threads / row_team<elements>::threads;
    for (int e = lists.exact[i] + thread_in_block() / row_team<elements>::threads; e < count;
         e += teams) {
      V const value = store<V>(score_by(team, score, first + i, index_t(ids[e])));
      team.wait();
      if (!team.leads()) { continue; }
      scores[e] = value;
      if constexpr (has_limit<Score>) {
        if (!(value <= score.limit(first + i))) { ids[e] = I(-1); }
      }
    }
    wait_for_block();
  }

  COUPLEFACE_HOST_DEVICE void sort(V* scores, I* ids, int count) const {
    if (count > in_shared) { return sorting::sort(scores, ids, count); }
    V* const value = reinterpret_cast<V*>(shared_memory());
    I* const id = reinterpret_cast<I*>(value + rounded_up(in_shared, 8));
    for (int e = thread_in_block(); e < count; e += threads) {
      value[e] = scores[e];
      id[e] = ids[e];
    }
    wait_for_block();
    sorting::sort(value, id, count);
    for (int e = thread_in_block(); e < count; e += threads) {
      scores[e] = value[e];
      ids[e] = id[e];
    }
    wait_for_block();
  }

  COUPLEFACE_HOST_DEVICE void settle(index_t i, V const* scores, I const* ids, int count) const {
    int valid = int(smaller(index_t(count), k));
    while (valid > 0 && ids[valid - 1] < 0) { --valid; }
    lists.counts[i] = lists.exact[i] = valid;
    if (valid < k || is_nan(scores[k - 1])) { return; }
    double const error = screening_of<Score> == screening::direct ? survey->error : 0.0;
    lists.raise(i, next_below(double(scores[k - 1]) - error));
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t i = block_in_grid(); i < rows; i += blocks_in_grid()) {
      bool const full = lists.is_full(i);
      int const count = lists.counts[i], exact = lists.exact[i];
      wait_for_block();
      if (full && thread_in_block() == 0) { lists.thresholds[i] = -float(no_score); }
      if (full || count == exact) { continue; }
      V* const scores = lists.scores + i * lists.room;
      I* const ids = lists.ids + i * lists.room;
      evaluate(i, scores, ids, count);
      sort(scores, ids, count);
      if (thread_in_block() == 0) { settle(i, scores, ids, count); }
      wait_for_block();
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
