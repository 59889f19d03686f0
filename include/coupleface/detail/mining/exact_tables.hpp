// coupleface: the last part of an exact search: exact values for what the screen left, in order.
//
// The rows that pairs point to lie anywhere, and reading them from memory would take several times
// as long as computing with them. So candidates are taken by blocks that fit the cache, and every
// query asks for those of its pairs that lie there.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/mining/candidate_lists.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Bytes of a block of candidates.
inline constexpr index_t exact_block_bytes = index_t(8) << 20;

template <class V, class I>
struct scored_pair {
  V value;
  I candidate;
};

/// Finishes one query at a time.
template <class Lists, class V, class I>
struct exact_table {
  Lists lists;

  /// The exact value of a pair that waits takes the place of its screened score, if it fits.
  static constexpr bool fits_waiting = std::is_same_v<V, float>;

  /// Leaves what may be among the K best, by ascending candidate.
  void prepare(index_t q) const {
    if (lists.is_exact(q)) { return; }
    lists.shrink(q);
    I* const ids = lists.indices.row(q);
    std::sort(ids, ids + lists.indices.extent(1));
    auto* const more = lists.waiting_of(q);
    std::sort(more, more + lists.counts[q],
              [](auto const& a, auto const& b) { return a.candidate < b.candidate; });
  }

  /// Exact values of the pairs whose candidates lie in [first, last).
  void evaluate(index_t q, index_t first, index_t last, index_t& evaluated) const {
    if (lists.is_exact(q)) { return; }
    I const* const ids = lists.indices.row(q);
    I const* const end = ids + lists.indices.extent(1);
    I const* const begin = std::lower_bound(ids, end, first);
    evaluate_range(
        q, std::lower_bound(begin, end, last) - begin, evaluated,
        [&](index_t at) { return begin[at]; },
        [&](index_t at, double x) { lists.values(q, begin - ids + at) = store<V>(x); });
    if constexpr (fits_waiting) {
      auto const earlier = [](auto const& pair, index_t c) { return pair.candidate < c; };
      auto* const more = lists.waiting_of(q);
      auto* const more_end = more + lists.counts[q];
      auto* const from = std::lower_bound(more, more_end, first, earlier);
      evaluate_range(
          q, std::lower_bound(from, more_end, last, earlier) - from, evaluated,
          [&](index_t at) { return from[at].candidate; },
          [&](index_t at, double x) { from[at].score = store<V>(x); });
    }
  }

  /// The table's row. `pairs` holds K and all that may wait.
  void finish(index_t q, scored_pair<V, I>* pairs, index_t& evaluated) const {
    if (lists.is_exact(q)) { return lists.heap(q).finish(); }
    index_t const k = lists.indices.extent(1);
    index_t count = 0;
    for (index_t at = 0; at < k; ++at) {
      if (lists.indices(q, at) >= 0) {
        pairs[count++] = {lists.values(q, at), lists.indices(q, at)};
      }
    }
    for (index_t w = 0; w < lists.counts[q]; ++w) {
      auto const& pair = lists.waiting_of(q)[w];
      if constexpr (fits_waiting) {
        pairs[count++] = {pair.score, pair.candidate};
      } else {
        pairs[count++] = {store<V>(lists.score(q, pair.candidate)), pair.candidate};
        ++evaluated;
      }
    }
    std::sort(pairs, pairs + count, [](auto const& a, auto const& b) {
      return ranks_before(load(a.value), a.candidate, load(b.value), b.candidate);
    });
    for (index_t at = 0; at < k; ++at) {
      lists.values(q, at) = at < count ? pairs[at].value : store<V>(no_score);
      lists.indices(q, at) = at < count ? pairs[at].candidate : I(-1);
    }
  }

 private:
  // Four at a time: the query's row is widened once for all of them.
  template <class Id, class Take>
  void evaluate_range(index_t q, index_t count, index_t& evaluated, Id id, Take take) const {
    index_t at = 0;
    for (; at + 4 <= count; at += 4) {
      I const ids[4] = {id(at), id(at + 1), id(at + 2), id(at + 3)};
      double values[4];
      lists.score.evaluate(q, ids, values);
      for (int k = 0; k < 4; ++k) { take(at + k, values[k]); }
    }
    for (; at < count; ++at) { take(at, lists.score(q, id(at))); }
    evaluated += count;
  }
};

/// Calls body(query, lane, count) for every query, lane by lane; adds what each lane counted to
/// counts[lane].
template <class Policy, class Body>
void for_each_query(Policy const& policy, index_t lanes, index_t queries, index_t* counts,
                    Body body) {
  for_each_index(policy, lanes, [=](index_t lane) {
    index_t count = 0;
    for (index_t q = lane_begin(lane, lanes, queries); q < lane_begin(lane + 1, lanes, queries);
         ++q) {
      body(q, lane, count);
    }
    counts[lane] += count;
  });
}

/// Finishes all queries; adds what each lane evaluated to evaluated[lane].
template <class V, class I, class Policy, class Lists>
void finish_tables(Policy const& policy, Lists const& lists, index_t queries, index_t candidates,
                   index_t lanes, index_t* evaluated) {
  if (Lists::begins_exact || lists.room == 0) {
    for_each_index(policy, queries, [=](index_t q) { lists.heap(q).finish(); });
  } else if constexpr (!Lists::begins_exact) {
    exact_table<Lists, V, I> const table{lists};
    index_t const most = lists.indices.extent(1) + lists.room;
    scratch<scored_pair<V, I>, Policy> const pairs(policy, lanes * most);
    for_each_index(policy, queries, [=](index_t q) { table.prepare(q); });
    index_t const block = std::max<index_t>(
        1, exact_block_bytes / std::max<index_t>(1, lists.score.candidate_bytes()));
    for (index_t first = 0; first < candidates; first += block) {
      for_each_query(policy, lanes, queries, evaluated, [=](index_t q, index_t, index_t& count) {
        table.evaluate(q, first, first + block, count);
      });
    }
    for_each_query(policy, lanes, queries, evaluated,
                   [=, pairs = pairs.data()](index_t q, index_t lane, index_t& count) {
                     table.finish(q, pairs + lane * most, count);
                   });
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
