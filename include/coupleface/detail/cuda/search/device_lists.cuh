// SPDX-License-Identifier: Apache-2.0
// coupleface: the candidates that an exact search on a device keeps per query while products are
// computed.
//
// A list has room for a fixed number of pairs, and counts all pairs appended since it was last
// shrunk. Thresholds change only between launches, so a list's pairs do not depend on the order of
// blocks. A list that gets more pairs than it has room for stays full, and its query is scanned at
// the end. No candidate is ever dropped for lack of room.
#pragma once

#include <coupleface/detail/cuda/search/packed_rows.cuh>
#include <coupleface/detail/cuda/top_k.cuh>
#include <coupleface/detail/search/bisection.hpp>
#include <coupleface/detail/search/screen_error.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Lists of one sweep's queries, numbered from its first query.
template <class V, class I>
struct device_lists {
  V* scores;          ///< [n, room] screened; exact after list_values_kernel
  I* ids;             ///< [n, room]
  float* thresholds;  ///< [n] pairs below it cannot be among the K best
  int* counts;        ///< [n] appended pairs; above `room`: full for good
  int* exact;         ///< [n] number of exact, sorted pairs at the front
  index_t room;

  COUPLEFACE_HOST_DEVICE void clear(index_t i) const {
    thresholds[i] = float(no_score);
    counts[i] = exact[i] = 0;
  }
  COUPLEFACE_HOST_DEVICE void append(index_t i, float score, index_t id) const {
    int const at = add_atomically(&counts[i], 1);
    if (at >= room) { return; }
    scores[i * room + at] = static_cast<V>(score);
    ids[i * room + at] = static_cast<I>(id);
  }
  COUPLEFACE_HOST_DEVICE bool is_full(index_t i) const { return counts[i] > room; }
  COUPLEFACE_HOST_DEVICE void raise(index_t i, float threshold) const {
    if (threshold > thresholds[i]) { thresholds[i] = threshold; }
  }
};

template <class V, class I>
struct clear_lists_body {
  device_lists<V, I> lists;
  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const { lists.clear(i); }
};

/// Drops from every screened list the pairs that at least K others certainly beat: a warp per list.
template <class V, class I>
struct shrink_lists_kernel {
  static constexpr int threads = 128;
  static constexpr unsigned warp = 0xffffffffu;
  static constexpr int key_bits = 32;  ///< this many bisection steps distinguish all keys
  static constexpr std::uint64_t last_key = 0xffffffffu;
  device_lists<V, I> lists;
  index_t rows;
  index_t k;
  device_survey const* survey;

  COUPLEFACE_HOST_DEVICE static int lane() { return thread_in_block() % warp_threads; }

  COUPLEFACE_HOST_DEVICE int count_from(V const* scores, int count, std::uint64_t key) const {
    double mine = 0;
    for (int e = lane(); e < count; e += warp_threads) {
      mine += order_key(float(scores[e])) >= key;
    }
    for (int step = warp_threads / 2; step > 0; step /= 2) { mine += exchange(warp, mine, step); }
    return int(mine);
  }

  /// A key that at least K scores reach, and few more if bisection can tell them apart.
  COUPLEFACE_HOST_DEVICE std::uint64_t common_key(V const* scores, int count) const {
    return bisected(
        std::uint64_t(0), last_key, key_bits, k, enough_of(k),
        [this, scores, count](std::uint64_t key) { return count_from(scores, count, key); });
  }

  COUPLEFACE_HOST_DEVICE static float score_of_key(std::uint64_t key) {
    auto const bits = static_cast<std::uint32_t>(key);
    return element_bits::float_of(bits >> 31 ? bits & 0x7fffffffu : ~bits);
  }

  COUPLEFACE_HOST_DEVICE void shrink(index_t i) const {
    if (lists.is_full(i)) {
      if (lane() == 0) { lists.thresholds[i] = -float(no_score); }
      return;
    }
    int const count = lists.counts[i];
    if (count < k) { return; }
    V* const scores = lists.scores + i * lists.room;
    I* const ids = lists.ids + i * lists.room;
    float const cut =
        next_below(double(score_of_key(common_key(scores, count))) - 2 * survey->error);
    int kept = 0;
    for (int first = 0; first < count; first += warp_threads) {
      int const e = first + lane();
      V const score = e < count ? scores[e] : V(0);
      I const id = e < count ? ids[e] : I(-1);
      unsigned const stay = votes(e < count && float(score) >= cut);
      wait_for(warp);
      if (stay >> lane() & 1u) {
        int const place = kept + count_bits(stay & ((1u << lane()) - 1u));
        scores[place] = score;
        ids[place] = id;
      }
      kept += count_bits(stay);
      wait_for(warp);
    }
    if (lane() == 0) {
      lists.counts[i] = kept;
      lists.raise(i, cut);
    }
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    int const in_block = threads / warp_threads;
    for (index_t i = block_in_grid() * in_block + thread_in_block() / warp_threads; i < rows;
         i += blocks_in_grid() * in_block) {
      shrink(i);
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
