// coupleface: the last part of an exact search: exact values for what the screen left, in order.
//
// The rows that pairs point to lie anywhere, and reading each from memory would take several times
// as long as computing with it. So candidates are taken by blocks that fit the nearest large cache,
// and every query takes those of its pairs that lie there. Where rows lie in a file that is larger
// than memory, the same holds of the file: all lanes work on one stretch of candidates at a time.
//
// Where queries and candidates are the same rows, most pairs are in the lists of both: the smaller
// index evaluates, and the larger one looks the value up afterwards.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/candidate_lists.hpp>
#include <coupleface/detail/search/ranked_pairs.hpp>
#include <coupleface/detail/search/search_plan.hpp>
#include <coupleface/detail/simd/prefetch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// How much of what is worked on together.
struct exact_limits {
  index_t block_bytes = index_t(2) << 20;     ///< of candidates that a group of queries asks for
  index_t grouped = 2048;                     ///< queries of a group
  index_t stretch_bytes = index_t(64) << 20;  ///< of candidates that all lanes ask for
  index_t queries = most_exact_queries;       ///< of a lane in a round
};

/// How the candidates are divided, and the queries that ask for them together.
struct exact_plan {
  index_t candidates, block, blocks;
  index_t stretch;  ///< blocks that all queries of a round are done with before the next ones
  index_t grouped, queries;

  index_t places() const { return exact_places(queries, blocks); }
};

inline exact_plan plan_exact(index_t queries, index_t candidates, index_t candidate_bytes,
                             index_t lanes, exact_limits limits = {}) {
  exact_plan plan{};
  index_t const bytes = std::max<index_t>(1, candidate_bytes);
  plan.candidates = candidates;
  plan.block = std::max(
      {index_t(1), limits.block_bytes / bytes, rounded_up_quotient(candidates, most_exact_blocks)});
  plan.blocks = rounded_up_quotient(candidates, plan.block);
  plan.stretch = std::max<index_t>(1, limits.stretch_bytes / (plan.block * bytes));
  plan.grouped = limits.grouped;
  plan.queries = std::min(limits.queries, exact_queries(queries, lanes));
  return plan;
}

/// Works on the queries of one lane; every step for all queries before the next one. `pairs` holds
/// K and all that may wait.
template <class Lists, class V, class I>
struct exact_tables {
  Lists lists;
  exact_plan plan;
  scored_pair<V, I>* pairs;
  std::int32_t* next;  ///< [plan.places()]

  /// The exact value of a pair that waits takes the place of its screened score, if it fits.
  static constexpr bool fits_waiting = std::is_same_v<V, float>;

  /// Puts the pairs of a round's queries in the order of blocks; what is left to others gets the
  /// value NaN.
  void begin_round(index_t first, index_t last) const {
    for (index_t q = first; q < last; ++q) { order_by_block(q, place(q, first)); }
  }

  /// Evaluates a round's pairs with candidates of some blocks, but for what is left to others.
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

  /// Looks up what others have evaluated; evaluates what their lists do not have.
  void take_shared(index_t q, index_t& evaluated) const {
    if (lists.is_exact(q)) { return; }
    I const* const ids = lists.indices.row(q);
    V* const values = lists.values.row(q);
    for (index_t at = kept(q) - 1; at >= 0 && is_nan(load(values[at])); --at) {
      prefetch_row(lists.indices.row(index_t(ids[std::max<index_t>(at - lists_ahead, 0)])),
                   lists.indices.extent(1));
      values[at] = shared_value(q, index_t(ids[at]), evaluated);
    }
    if constexpr (fits_waiting) {
      auto* const more = lists.waiting_of(q);
      for (index_t at = lists.counts[q] - 1; at >= 0 && is_nan(more[at].score); --at) {
        more[at].score = shared_value(q, index_t(more[at].candidate), evaluated);
      }
    }
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

 private:
  std::int32_t* place(index_t q, index_t first) const { return next + 2 * (q - first); }
  index_t block_of(I candidate) const { return index_t(candidate) / plan.block; }

  static constexpr index_t lists_ahead = 4;  ///< whose lists are asked for before they are searched

  /// How many of the K slots of a screened list are taken.
  index_t kept(index_t q) const {
    I const* const ids = lists.indices.row(q);
    return std::find(ids, ids + lists.indices.extent(1), I(-1)) - ids;
  }

  /// Will the candidate, as a query, have this pair? What its threshold refuses it surely lacks.
  bool is_left_to(index_t c, index_t q, float screened) const {
    return c < q && lists.score.symmetric() && screened >= lists.thresholds[c];
  }

  V shared_value(index_t q, index_t c, index_t& evaluated) const {
    I const* const ids = lists.indices.row(c);
    std::int32_t const slots = static_cast<std::int32_t>(lists.indices.extent(1));
    std::int32_t found = 0;  // without a branch: an id is there once at most
    for (std::int32_t at = 0; at < slots; ++at) { found += ids[at] == I(q) ? at + 1 : 0; }
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

  void order_by_block(index_t q, std::int32_t* place) const {
    place[0] = place[1] = 0;
    if (lists.is_exact(q)) { return; }
    I* const ids = lists.indices.row(q);
    V* const values = lists.values.row(q);
    count_sort(
        q, kept(q), [=](index_t at) -> I& { return ids[at]; },
        [=](index_t at) -> V& { return values[at]; });
    if constexpr (fits_waiting) {
      auto* const more = lists.waiting_of(q);
      count_sort(
          q, lists.counts[q], [=](index_t at) -> I& { return more[at].candidate; },
          [=](index_t at) -> float& { return more[at].score; });
    }
  }

  // By block alone, for within one the order does not matter; last what is left to others.
  template <class Id, class Value>
  void count_sort(index_t q, index_t count, Id id, Value value) const {
    std::int32_t* const ends = next + 2 * plan.queries;
    std::fill(ends, ends + plan.blocks + 1, 0);
    auto const key = [this](scored_pair<V, I> const& pair) {
      return is_nan(load(pair.value)) ? plan.blocks : block_of(pair.candidate);
    };
    for (index_t p = 0; p < count; ++p) {
      bool const left = is_left_to(index_t(id(p)), q, float(value(p)));
      pairs[p] = {left ? store<V>(not_a_number) : V(value(p)), id(p)};
      ++ends[key(pairs[p])];
    }
    for (index_t b = 1; b <= plan.blocks; ++b) { ends[b] += ends[b - 1]; }
    for (index_t p = 0; p < count; ++p) {
      std::int32_t const at = --ends[key(pairs[p])];
      id(at) = pairs[p].candidate;
      value(at) = pairs[p].value;
    }
  }

  void evaluate(index_t q, index_t block, std::int32_t* place, index_t& evaluated) const {
    index_t const last = (block + 1) * plan.block;
    I const* const ids = lists.indices.row(q);
    V* const values = lists.values.row(q);
    evaluate_until(
        q, last, lists.indices.extent(1), place[0], evaluated, [=](index_t at) { return ids[at]; },
        [=](index_t at) -> V& { return values[at]; });
    if constexpr (fits_waiting) {
      auto* const more = lists.waiting_of(q);
      evaluate_until(
          q, last, lists.counts[q], place[1], evaluated,
          [=](index_t at) { return more[at].candidate; },
          [=](index_t at) -> float& { return more[at].score; });
    }
  }

  // Some at a time: the query's row is widened once for all of them.
  static constexpr std::size_t most_together = 8;

  template <class Id, class Value>
  void evaluate_until(index_t q, index_t last, index_t count, std::int32_t& place,
                      index_t& evaluated, Id id, Value value) const {
    index_t const begin = place;
    index_t end = begin;
    for (; end < count && id(end) >= 0 && id(end) < last && !is_nan(load(value(end))); ++end) {}
    index_t at = begin;
    for (; at + index_t(most_together) <= end; at += index_t(most_together)) {
      evaluate_some<most_together>(q, at, id, value);
    }
    evaluate_rest<most_together - 1>(q, at, end, id, value);
    evaluated += end - begin;
    place = static_cast<std::int32_t>(end);
  }

  template <std::size_t N, class Id, class Value>
  void evaluate_rest(index_t q, index_t at, index_t end, Id id, Value value) const {
    if constexpr (N > 0) {
      if (end - at == index_t(N)) { return evaluate_some<N>(q, at, id, value); }
      evaluate_rest<N - 1>(q, at, end, id, value);
    }
  }

  template <std::size_t N, class Id, class Value>
  void evaluate_some(index_t q, index_t at, Id id, Value value) const {
    I ids[N];
    double exact[N];
    for (std::size_t k = 0; k < N; ++k) { ids[k] = id(at + index_t(k)); }
    lists.score.evaluate(q, ids, exact);
    for (std::size_t k = 0; k < N; ++k) {
      value(at + index_t(k)) = store<std::decay_t<decltype(value(at))>>(exact[k]);
    }
  }
};

/// Calls body(lane, first, last, count) for the queries of every lane; adds what each counted to
/// counts[lane].
template <class Policy, class Body>
void for_each_lane(Policy const& policy, index_t lanes, index_t queries, index_t* counts,
                   Body body) {
  for_each_index(policy, lanes, [=](index_t i) {
    index_t const lane = spread_index(i, lanes);  // the first queries leave least to others
    index_t count = 0;
    body(lane, lane_begin(lane, lanes, queries), lane_begin(lane + 1, lanes, queries), count);
    counts[lane] += count;
  });
}

/// Calls body(query, lane, count) for every query, likewise.
template <class Policy, class Body>
void for_each_query(Policy const& policy, index_t lanes, index_t queries, index_t* counts,
                    Body body) {
  for_each_lane(policy, lanes, queries, counts,
                [=](index_t lane, index_t first, index_t last, index_t& count) {
                  for (index_t q = first; q < last; ++q) { body(q, lane, count); }
                });
}

/// Finishes all queries, whose lists have been shrunk; adds what each lane evaluated to
/// evaluated[lane].
template <class V, class I, class Policy, class Lists>
void finish_tables(Policy const& policy, Lists const& lists, index_t queries, index_t candidates,
                   index_t lanes, index_t* evaluated, exact_limits limits) {
  if (Lists::begins_exact || lists.room == 0) {
    for_each_index(policy, queries, [=](index_t q) { lists.heap(q).finish(); });
  } else if constexpr (!Lists::begins_exact) {
    exact_plan const plan =
        plan_exact(queries, candidates, lists.score.candidate_bytes(), lanes, limits);
    index_t const most = lists.indices.extent(1) + lists.room;
    scratch<scored_pair<V, I>, Policy> const pairs(policy, lanes * most);
    scratch<std::int32_t, Policy> const next(policy, lanes * plan.places());
    auto const tables = [=, pairs = pairs.data(), next = next.data()](index_t lane) {
      return exact_tables<Lists, V, I>{lists, plan, pairs + lane * most,
                                       next + lane * plan.places()};
    };
    for (index_t round = 0; round * lanes < queries; round += plan.queries) {
      auto const for_each_lane_of_round = [&](auto body) {
        for_each_lane(policy, lanes, queries, evaluated,
                      [=](index_t lane, index_t begin, index_t end, index_t& count) {
                        index_t const first = std::min(end, begin + round);
                        body(tables(lane), first, std::min(end, first + plan.queries), count);
                      });
      };
      for_each_lane_of_round([](auto const& table, index_t first, index_t last, index_t&) {
        table.begin_round(first, last);
      });
      for (index_t block = 0; block < plan.blocks; block += plan.stretch) {
        index_t const end = std::min(plan.blocks, block + plan.stretch);
        for_each_lane_of_round([=](auto const& table, index_t first, index_t last, index_t& count) {
          table.evaluate_own(first, last, block, end, count);
        });
      }
    }
    if (lists.score.symmetric()) {
      for_each_query(
          policy, lanes, queries, evaluated,
          [=](index_t q, index_t lane, index_t& count) { tables(lane).take_shared(q, count); });
    }
    for_each_query(policy, lanes, queries, evaluated, [=](index_t q, index_t lane, index_t& count) {
      tables(lane).finish_row(q, count);
    });
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
