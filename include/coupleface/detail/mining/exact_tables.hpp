// coupleface: the last part of an exact search: exact values for what the screen left, in order.
//
// The rows that pairs point to lie anywhere, and reading each from memory would take several times
// as long as computing with it. So candidates are taken by blocks that fit the nearest large cache,
// and every query asks for those of its pairs that lie there.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/mining/candidate_lists.hpp>
#include <coupleface/detail/mining/ranked_pairs.hpp>
#include <coupleface/detail/mining/search_plan.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// How the candidates are divided, and the queries that ask for them together.
struct exact_plan {
  static constexpr index_t block_bytes = index_t(2048) << 10;
  index_t candidates, block, blocks, queries;

  /// Of a lane: two for each query, one a block.
  index_t places() const { return 2 * queries + blocks; }
};

inline exact_plan plan_exact(index_t queries, index_t candidates, index_t candidate_bytes,
                             index_t lanes) {
  exact_plan plan{};
  plan.candidates = candidates;
  plan.block =
      std::max({index_t(1), exact_plan::block_bytes / std::max<index_t>(1, candidate_bytes),
                rounded_up_quotient(candidates, most_exact_blocks)});
  plan.blocks = rounded_up_quotient(candidates, plan.block);
  plan.queries = std::min(most_exact_queries, rounded_up_quotient(queries, lanes));
  return plan;
}

/// Finishes the queries of one lane. `pairs` holds K and all that may wait.
template <class Lists, class V, class I>
struct exact_tables {
  Lists lists;
  exact_plan plan;
  scored_pair<V, I>* pairs;
  std::int32_t* next;  ///< [plan.places()]

  /// The exact value of a pair that waits takes the place of its screened score, if it fits.
  static constexpr bool fits_waiting = std::is_same_v<V, float>;

  void finish(index_t first, index_t last, index_t& evaluated) const {
    for (; first < last; first += plan.queries) {
      index_t const end = std::min(last, first + plan.queries);
      for (index_t q = first; q < end; ++q) { order_by_block(q, place(q, first)); }
      for (index_t block = 0; block < plan.blocks; ++block) {
        for (index_t q = first; q < end; ++q) {
          prefetch(block + 1, q - first, end - first);
          if (!lists.is_exact(q)) { evaluate(q, block, place(q, first), evaluated); }
        }
      }
      for (index_t q = first; q < end; ++q) { finish_row(q, evaluated); }
    }
  }

 private:
  std::int32_t* place(index_t q, index_t first) const { return next + 2 * (q - first); }
  index_t block_of(I candidate) const { return index_t(candidate) / plan.block; }

  /// Each query of `count` asks for its share of a block's rows.
  void prefetch(index_t block, index_t at, index_t count) const {
    index_t const rows = std::min(plan.block, plan.candidates - block * plan.block);
    for (index_t j = rows * at / count; j < rows * (at + 1) / count; ++j) {
      lists.score.prefetch_candidate(block * plan.block + j);
    }
  }

  void order_by_block(index_t q, std::int32_t* place) const {
    place[0] = place[1] = 0;
    if (lists.is_exact(q)) { return; }
    I* const ids = lists.indices.row(q);
    index_t const kept = std::find(ids, ids + lists.indices.extent(1), I(-1)) - ids;
    count_sort(kept, [=](index_t at) -> I& { return ids[at]; });
    if constexpr (fits_waiting) {
      auto* const more = lists.waiting_of(q);
      count_sort(lists.counts[q], [=](index_t at) -> I& { return more[at].candidate; });
    }
  }

  // By block alone: within one the order does not matter.
  template <class At>
  void count_sort(index_t count, At at) const {
    std::int32_t* const ends = next + 2 * plan.queries;
    std::fill(ends, ends + plan.blocks, 0);
    for (index_t p = 0; p < count; ++p) {
      pairs[p].candidate = at(p);
      ++ends[block_of(at(p))];
    }
    for (index_t b = 1; b < plan.blocks; ++b) { ends[b] += ends[b - 1]; }
    for (index_t p = 0; p < count; ++p) {
      at(--ends[block_of(pairs[p].candidate)]) = pairs[p].candidate;
    }
  }

  void evaluate(index_t q, index_t block, std::int32_t* place, index_t& evaluated) const {
    index_t const last = (block + 1) * plan.block;
    I const* const ids = lists.indices.row(q);
    evaluate_until(
        q, last, lists.indices.extent(1), place[0], evaluated, [=](index_t at) { return ids[at]; },
        [&](index_t at, double x) { lists.values(q, at) = store<V>(x); });
    if constexpr (fits_waiting) {
      auto* const more = lists.waiting_of(q);
      evaluate_until(
          q, last, lists.counts[q], place[1], evaluated,
          [=](index_t at) { return more[at].candidate; },
          [=](index_t at, double x) { more[at].score = store<V>(x); });
    }
  }

  // Up to four at a time: the query's row is widened once for all of them.
  template <class Id, class Take>
  void evaluate_until(index_t q, index_t last, index_t count, std::int32_t& place,
                      index_t& evaluated, Id id, Take take) const {
    index_t const begin = place;
    index_t end = begin;
    for (; end < count && id(end) >= 0 && id(end) < last; ++end) {}
    index_t at = begin;
    for (; at + 4 <= end; at += 4) { evaluate_some<4>(q, at, id, take); }
    if (end - at == 3) { evaluate_some<3>(q, at, id, take); }
    if (end - at == 2) { evaluate_some<2>(q, at, id, take); }
    if (end - at == 1) { evaluate_some<1>(q, at, id, take); }
    evaluated += end - begin;
    place = static_cast<std::int32_t>(end);
  }

  template <int N, class Id, class Take>
  void evaluate_some(index_t q, index_t at, Id id, Take take) const {
    I ids[N];
    double values[N];
    for (int k = 0; k < N; ++k) { ids[k] = id(at + k); }
    lists.score.evaluate(q, ids, values);
    for (int k = 0; k < N; ++k) { take(at + k, values[k]); }
  }

  void finish_row(index_t q, index_t& evaluated) const {
    if (lists.is_exact(q)) { return lists.heap(q).finish(); }
    index_t const k = lists.indices.extent(1);
    index_t count = 0;
    for (index_t at = 0; at < k && lists.indices(q, at) >= 0; ++at) {
      pairs[count++] = {lists.values(q, at), lists.indices(q, at)};
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
    write_ranked(pairs, count, lists.values.row(q), lists.indices.row(q), k);
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

/// Finishes all queries, whose lists have been shrunk; adds what each lane evaluated to
/// evaluated[lane].
template <class V, class I, class Policy, class Lists>
void finish_tables(Policy const& policy, Lists const& lists, index_t queries, index_t candidates,
                   index_t lanes, index_t* evaluated) {
  if (Lists::begins_exact || lists.room == 0) {
    for_each_index(policy, queries, [=](index_t q) { lists.heap(q).finish(); });
  } else if constexpr (!Lists::begins_exact) {
    exact_plan const plan = plan_exact(queries, candidates, lists.score.candidate_bytes(), lanes);
    index_t const most = lists.indices.extent(1) + lists.room;
    scratch<scored_pair<V, I>, Policy> const pairs(policy, lanes * most);
    scratch<std::int32_t, Policy> const next(policy, lanes * plan.places());
    for_each_index(policy, lanes, [=, pairs = pairs.data(), next = next.data()](index_t lane) {
      exact_tables<Lists, V, I> const tables{lists, plan, pairs + lane * most,
                                             next + lane * plan.places()};
      tables.finish(lane_begin(lane, lanes, queries), lane_begin(lane + 1, lanes, queries),
                    evaluated[lane]);
    });
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
