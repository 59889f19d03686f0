// SPDX-License-Identifier: Apache-2.0
// coupleface: exact values for the pairs that the screen left in the lists of one lane's queries.
//
// The candidates of a list are scattered in memory, and reading each from there would take several
// times as long as the arithmetic. So pairs are processed by blocks of candidates that fit a cache.
// If queries and candidates are the same rows, most pairs are in the lists of both rows: that with
// the smaller index evaluates the pair, and the other one copies the value afterwards.
#pragma once

#include <coupleface/detail/search/candidate_lists.hpp>
#include <coupleface/detail/search/exact_plan.hpp>
#include <coupleface/detail/search/list_pairs.hpp>
#include <coupleface/detail/search/list_scans.hpp>
#include <coupleface/detail/search/ranked_pairs.hpp>
#include <coupleface/detail/simd/prefetch.hpp>

#include <algorithm>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Processes the queries of one lane. Each step finishes for all of them before the next starts.
template <class Lists, class V, class I>
struct exact_tables {
  Lists lists;
  exact_plan plan;
  scored_pair<V, I>* pairs;  ///< room for K and all waiting pairs
  std::int32_t* next;        ///< [plan.places()]

  /// The exact value of a waiting pair replaces its screened score, if its type fits.
  static constexpr bool fits_waiting = std::is_same_v<V, float>;

  /// Sorts the pairs of a round's queries by block. Those that another query evaluates get NaN.
  void begin_round(index_t first, index_t last) const {
    for (index_t q = first; q < last; ++q) { order_by_block(q, place(q, first)); }
  }

  /// Evaluates a round's own pairs with candidates in the blocks [block, end).
  void evaluate_own(index_t first, index_t last, index_t block, index_t end,
                    index_t& evaluated) const {
    for (index_t group = first; group < last; group += plan.grouped) {
      index_t const group_end = std::min(last, group + plan.grouped);
      for (index_t b = block; b < end; ++b) {
        for (index_t q = group; q < group_end; ++q) {
          if (!lists.is_exact(q)) { evaluate(q, b, place(q, first), evaluated); }
        }
      }
    }
  }

  /// Copies the values that other queries evaluated; evaluates pairs that their lists lack.
  void take_shared(index_t q, index_t& evaluated) const {
    if (lists.is_exact(q)) { return; }
    take_shared_of(q, slots(q, kept(q)), evaluated);
    if constexpr (fits_waiting) { take_shared_of(q, waiting(q), evaluated); }
  }

  void finish_row(index_t q, index_t& evaluated) const {
    if (lists.is_exact(q)) { return lists.heap(q).finish(); }
    auto const own = slots(q, kept(q));
    index_t count = 0;
    for (; count < own.count; ++count) { pairs[count] = {own.value(count), own.id(count)}; }
    for (index_t w = 0; w < lists.counts[q]; ++w) {
      auto const& pair = lists.waiting_of(q)[w];
      if constexpr (fits_waiting) {
        pairs[count++] = {pair.score, pair.candidate};
      } else {
        pairs[count++] = {store<V>(lists.score(q, pair.candidate)), pair.candidate};
        ++evaluated;
      }
    }
    write_ranked(pairs, count, own.values, own.ids, lists.indices.extent(1));
  }

 private:
  std::int32_t* place(index_t q, index_t first) const { return next + 2 * (q - first); }
  static constexpr index_t lists_ahead = 4;  ///< prefetch distance, in lists

  /// Number of used slots, of K, in a screened list.
  index_t kept(index_t q) const {
    I const* const ids = lists.indices.row(q);
    return std::find(ids, ids + lists.indices.extent(1), I(-1)) - ids;
  }

  /// True if the candidate, as a query, evaluates this pair: its threshold lets the list hold it.
  bool is_left_to(index_t c, index_t q, float screened) const {
    return c < q && lists.score.symmetric() && screened >= lists.thresholds[c];
  }

  /// These pairs are last in the order of blocks.
  template <class Pairs>
  void take_shared_of(index_t q, Pairs listed, index_t& evaluated) const {
    for (index_t at = listed.count - 1; at >= 0 && is_nan(load(listed.value(at))); --at) {
      index_t const soon = index_t(listed.id(std::max<index_t>(at - lists_ahead, 0)));
      prefetch_row(lists.indices.row(soon), lists.indices.extent(1));
      listed.value(at) = shared_value(q, index_t(listed.id(at)), evaluated);
    }
  }

  V shared_value(index_t q, index_t c, index_t& evaluated) const {
    I const* const ids = lists.indices.row(c);
    std::int32_t const slots = static_cast<std::int32_t>(lists.indices.extent(1));
    std::int32_t const found = find_id(ids, slots, I(q));
    if (found > 0) { return lists.values(c, found - 1); }
    if constexpr (fits_waiting) {
      auto const* const more = lists.waiting_of(c);
      for (index_t w = 0; w < lists.counts[c]; ++w) {
        if (more[w].candidate == I(q)) { return more[w].score; }
      }
    }
    ++evaluated;
    return store<V>(lists.score(q, c));
  }

  slot_pairs<V, I> slots(index_t q, index_t count) const {
    return {lists.indices.row(q), lists.values.row(q), count};
  }
  waiting_pairs<I> waiting(index_t q) const { return {lists.waiting_of(q), lists.counts[q]}; }

  void order_by_block(index_t q, std::int32_t* place) const {
    place[0] = place[1] = 0;
    if (lists.is_exact(q)) { return; }
    count_sort(q, slots(q, kept(q)));
    if constexpr (fits_waiting) { count_sort(q, waiting(q)); }
  }

  // Sorts by block only; within a block any order does. Pairs that others evaluate come last.
  template <class Pairs>
  void count_sort(index_t q, Pairs listed) const {
    std::int32_t* const ends = next + 2 * plan.queries;
    std::fill(ends, ends + plan.blocks + 1, 0);
    auto const key = [this](scored_pair<V, I> const& pair) {
      return is_nan(load(pair.value)) ? plan.blocks : index_t(pair.candidate) / plan.block;
    };
    for (index_t p = 0; p < listed.count; ++p) {
      bool const left = is_left_to(index_t(listed.id(p)), q, float(listed.value(p)));
      pairs[p] = {left ? store<V>(not_a_number) : V(listed.value(p)), listed.id(p)};
      ++ends[key(pairs[p])];
    }
    for (index_t b = 1; b <= plan.blocks; ++b) { ends[b] += ends[b - 1]; }
    for (index_t p = 0; p < listed.count; ++p) {
      std::int32_t const at = --ends[key(pairs[p])];
      listed.id(at) = pairs[p].candidate;
      listed.value(at) = pairs[p].value;
    }
  }

  void evaluate(index_t q, index_t block, std::int32_t* place, index_t& evaluated) const {
    index_t const last = (block + 1) * plan.block;
    evaluate_until(q, last, slots(q, lists.indices.extent(1)), place[0], evaluated);
    if constexpr (fits_waiting) { evaluate_until(q, last, waiting(q), place[1], evaluated); }
  }

  static constexpr std::size_t most_together = 8;  ///< pairs that share the query's widened row

  template <class Pairs>
  void evaluate_until(index_t q, index_t last, Pairs listed, std::int32_t& place,
                      index_t& evaluated) const {
    index_t const begin = place;
    index_t end = begin;
    for (; end < listed.count && is_own(listed, end, last); ++end) {}
    index_t at = begin;
    for (; at + index_t(most_together) <= end; at += index_t(most_together)) {
      evaluate_some<most_together>(q, at, listed);
    }
    evaluate_rest<most_together - 1>(q, at, end, listed);
    evaluated += end - begin;
    place = static_cast<std::int32_t>(end);
  }

  /// True if the candidate is below `last` and this query evaluates the pair.
  template <class Pairs>
  static bool is_own(Pairs listed, index_t at, index_t last) {
    return listed.id(at) >= 0 && listed.id(at) < last && !is_nan(load(listed.value(at)));
  }

  template <std::size_t N, class Pairs>
  void evaluate_rest(index_t q, index_t at, index_t end, Pairs listed) const {
    if constexpr (N > 0) {
      if (end - at == index_t(N)) { return evaluate_some<N>(q, at, listed); }
      evaluate_rest<N - 1>(q, at, end, listed);
    }
  }

  template <std::size_t N, class Pairs>
  void evaluate_some(index_t q, index_t at, Pairs listed) const {
    I ids[N];
    double exact[N];
    for (std::size_t k = 0; k < N; ++k) { ids[k] = listed.id(at + index_t(k)); }
    lists.score.evaluate(q, ids, exact);
    for (std::size_t k = 0; k < N; ++k) {
      auto& value = listed.value(at + index_t(k));
      value = store<std::decay_t<decltype(value)>>(exact[k]);
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
