// SPDX-License-Identifier: Apache-2.0
// coupleface: the last part of an exact search: exact values for the pairs the screen left, sorted.
//
// It runs in rounds, each over some queries of every lane. All lanes work on the same stretch of
// candidates at a time. So rows in a file larger than memory are read once per round.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/exact_tables.hpp>
#include <coupleface/detail/search/for_each_query.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Computes exact values for lists of screened scores, and sorts them.
template <class V, class I, class Policy, class Lists>
class screened_finish {
 public:
  screened_finish(Policy const& policy, Lists const& lists, index_t queries, index_t lanes,
                  index_t* evaluated, exact_plan const& plan)
      : policy_(policy),
        lists_(lists),
        queries_(queries),
        lanes_(lanes),
        evaluated_(evaluated),
        plan_(plan),
        most_(lists.indices.extent(1) + lists.room),
        pairs_(policy, lanes * most_),
        next_(policy, lanes * plan.places()) {}

  void run() const {
    for (index_t round = 0; round * lanes_ < queries_; round += plan_.queries) { evaluate(round); }
    if (lists_.score.symmetric()) {
      for_each_table(
          [](auto const& table, index_t q, index_t& count) { table.take_shared(q, count); });
    }
    for_each_table(
        [](auto const& table, index_t q, index_t& count) { table.finish_row(q, count); });
  }

 private:
  using tables_type = exact_tables<Lists, V, I>;

  /// Returns the function that makes a lane's tables; it can be used inside a policy's functor.
  auto tables() const {
    return [lists = lists_, plan = plan_, most = most_, pairs = pairs_.data(),
            next = next_.data()](index_t lane) {
      return tables_type{lists, plan, pairs + lane * most, next + lane * plan.places()};
    };
  }

  /// Evaluates a round: the queries of every lane from its round-th one on.
  void evaluate(index_t round) const {
    for_each_lane_of(round, [](auto const& table, index_t first, index_t last, index_t&) {
      table.begin_round(first, last);
    });
    for (index_t block = 0; block < plan_.blocks; block += plan_.stretch) {
      index_t const end = std::min(plan_.blocks, block + plan_.stretch);
      for_each_lane_of(round, [=](auto const& table, index_t first, index_t last, index_t& count) {
        table.evaluate_own(first, last, block, end, count);
      });
    }
  }

  template <class Body>
  void for_each_lane_of(index_t round, Body body) const {
    for_each_lane(policy_, lanes_, queries_, evaluated_,
                  [=, tables = tables(), some = plan_.queries](index_t lane, index_t begin,
                                                               index_t end, index_t& count) {
                    index_t const first = std::min(end, begin + round);
                    body(tables(lane), first, std::min(end, first + some), count);
                  });
  }

  template <class Body>
  void for_each_table(Body body) const {
    for_each_query(policy_, lanes_, queries_, evaluated_,
                   [=, tables = tables()](index_t q, index_t lane, index_t& count) {
                     body(tables(lane), q, count);
                   });
  }

  Policy const& policy_;
  Lists const& lists_;
  index_t queries_, lanes_;
  index_t* evaluated_;
  exact_plan plan_;
  index_t most_;  ///< maximum pairs per list
  scratch<scored_pair<V, I>, Policy> pairs_;
  scratch<std::int32_t, Policy> next_;
};

/// Finishes all queries; their lists have been shrunk. Adds the number of exact scores that each
/// lane evaluated to evaluated[lane].
template <class V, class I, class Policy, class Lists>
void finish_tables(Policy const& policy, Lists const& lists, index_t queries, index_t candidates,
                   index_t lanes, index_t* evaluated, exact_limits limits) {
  if (Lists::begins_exact || lists.room == 0) {
    for_each_index(policy, queries, [=](index_t q) { lists.heap(q).finish(); });
  } else if constexpr (!Lists::begins_exact) {
    exact_plan const plan =
        plan_exact(queries, candidates, lists.score.candidate_bytes(), lanes, limits);
    screened_finish<V, I, Policy, Lists>(policy, lists, queries, lanes, evaluated, plan).run();
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
