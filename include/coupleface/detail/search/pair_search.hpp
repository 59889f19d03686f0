// SPDX-License-Identifier: Apache-2.0
// coupleface: exact search for the best pairs of every query, on the host.
//
// If queries and candidates are the same rows, a product of two panels serves the rows of both, and
// only the triangle of blocks is visited. Within two blocks, bands of parts are paired in rounds in
// which no part occurs twice, so no two threads update the lists of one row.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/finish_tables.hpp>
#include <coupleface/detail/search/part_pair.hpp>
#include <coupleface/detail/search/screen_choice.hpp>
#include <coupleface/detail/search/screen_error.hpp>
#include <coupleface/detail/search/search_plan.hpp>
#include <coupleface/detail/search/side_panels.hpp>
#include <coupleface/detail/search/threshold_guesses.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// @brief The search in steps, with given kernels or those that suit. Each step is over one
/// pair of blocks, so that the caller can show progress, stop, and save the state.
template <class Derived, class Score, class V, class I, class Keep>
class pair_search {
  using lists_type = candidate_lists<Score, V, I, Keep>;
  static constexpr bool screened = screening_of<Score> != screening::none;

 public:
  pair_search(Derived const& policy, Score const& score, Keep const& keep, matrix_view<V> values,
              matrix_view<I> indices, screen_kernels kernels = {})
      : policy_(policy),
        kernels_(screen_for(policy, score, values.extent(1), kernels)),
        plan_(plan_search(score, values.extent(1), sizeof(I), kernels_)),
        thresholds_(policy, plan_.queries),
        counts_(policy, plan_.queries),
        waiting_(policy, plan_.queries * plan_.room),
        evaluated_(policy, plan_.lanes),
        lists_{score,           keep,      values, indices, 0, thresholds_.data(), counts_.data(),
               waiting_.data(), plan_.room},
        sides_(policy, kernels_, plan_, lists_.score),
        guesses_(policy,
                 plan_.symmetric && plan_.room > 0
                     ? plan_guess(values.extent(1), plan_.candidates, plan_.right.block_rows())
                     : guess_plan{},
                 plan_.queries) {
    std::fill(evaluated_.data(), evaluated_.data() + plan_.lanes, index_t(0));
    clear();
    if constexpr (screened) { prepare_sides(); }
    if constexpr (screening_of<Score> == screening::direct) {
      if (guesses_.any()) { guesses_.make(sides_, kernels_, plan_, lists_); }
    }
  }
  pair_search(pair_search const&) = delete;  // members refer to each other

  screen_kernels const& kernels() const { return kernels_; }
  index_t steps() const { return plan_.steps(); }
  index_t step() const { return step_; }

  void advance() {
    if constexpr (screened) { screen_blocks(); }
    ++step_;
  }

  /// Computes the exact values and sorts them. Returns the number of exact scores evaluated in all.
  index_t finish(exact_limits limits = {}) {
    shrink_lists();
    if (guesses_.any()) { mend_guesses(); }
    for_each_query(policy_, plan_.lanes, plan_.queries, evaluated_.data(),
                   [lists = lists_, odd = odd_candidates_](index_t q, index_t, index_t& evaluated) {
                     lists.offer_unscreened(q, odd, evaluated);
                   });
    finish_tables<V, I>(policy_, lists_, plan_.queries, plan_.candidates, plan_.lanes,
                        evaluated_.data(), limits);
    index_t sum = 0;
    for (index_t lane = 0; lane < plan_.lanes; ++lane) { sum += evaluated_.data()[lane]; }
    return sum;
  }

  /// Passes every array of the state, including the outputs, to visit(pointer, bytes).
  template <class Visit>
  void visit_state(Visit&& visit_array) {
    auto const visit = [&](void* data, std::size_t bytes) {
      if (bytes > 0) { visit_array(data, bytes); }
    };
    visit(&step_, sizeof step_);
    visit(&lists_.error, sizeof lists_.error);
    visit(thresholds_.data(), std::size_t(plan_.queries) * sizeof(float));
    visit(counts_.data(), std::size_t(plan_.queries) * sizeof(std::int32_t));
    for_each_index(policy_, plan_.queries, [lists = lists_](index_t q) { lists.clear_unused(q); });
    visit(waiting_.data(), std::size_t(plan_.queries * plan_.room) * sizeof(screened_pair<I>));
    visit(evaluated_.data(), std::size_t(plan_.lanes) * sizeof(index_t));
    for (index_t q = 0; q < plan_.queries; ++q) {
      visit(lists_.values.row(q), std::size_t(lists_.values.extent(1)) * sizeof(V));
      visit(lists_.indices.row(q), std::size_t(lists_.indices.extent(1)) * sizeof(I));
    }
    visit(guesses_.data(), std::size_t(guesses_.size()) * sizeof(float));
    sides_.forget_left();
  }

 private:
  void prepare_sides() {
    survey const rows = sides_.survey_all();
    lists_.error = screen_error(plan_.width, lists_.score.magnitude(), rows.largest_residual,
                                kernels_.sum_unit());
    odd_candidates_ = rows.odd_candidates;
    sides_.pack_what_stays({lists_.score.magnitude(), lists_.error});
  }

  void clear() {
    for_each_index(policy_, plan_.queries, [lists = lists_](index_t q) { lists.clear(q); });
  }
  void shrink_lists() {
    for_each_index(policy_, plan_.queries,
                   [lists = lists_](index_t q) { lists.shrink_screened(q); });
  }
  void mend_guesses() {
    if (guesses_.doubtful(thresholds_.data()) > most_doubtful(plan_.queries)) {
      clear();
      guesses_.drop();
      for (step_ = 0; step_ < steps();) { advance(); }
      return shrink_lists();
    }
    for_each_query(
        policy_, plan_.lanes, plan_.queries, evaluated_.data(),
        [lists = lists_, guesses = guesses_.list()](index_t q, index_t, index_t& evaluated) {
          if (!guesses.is_in_doubt(q, lists.thresholds[q])) { return; }
          lists.clear(q);
          lists.fill_exactly(q, evaluated);
        });
  }

  void screen_blocks() {
    auto const [a, b] = plan_.blocks_of(step_);
    auto const left = sides_.left(a), right = sides_.right(b);
    part_pair<lists_type> const pair(lists_, kernels_, plan_);
    if (!plan_.symmetric) { return row_round(a, b, left, right, pair); }
    for (index_t round = 0; round < plan_.bands; ++round) {
      run_round(a, b, left, right, pair, round);
    }
  }

  void run_round(index_t a, index_t b, packed_block left, packed_block right,
                 part_pair<lists_type> const& pair, index_t round) {
    index_t const meetings = plan_.meetings(a == b, round);
    for_each_index(policy_, meetings, [=, plan = plan_, evaluated = evaluated_.data()](index_t i) {
      index_t const t = spread_index(i, meetings);  // the last parts may be empty, so spread them
      index_t count = 0;
      plan.for_each_pair(a == b, plan.bands_of(a == b, round, t), [&](index_t p, index_t q) {
        auto parts = pair;
        parts.diagonal = a == b && p == q;
        count += parts(plan.left.part(a, p, left), plan.right.part(b, q, right));
      });
      evaluated[t] += count;
    });
  }

  // The rows differ: each part of the queries takes the whole block of candidates.
  void row_round(index_t a, index_t b, packed_block left, packed_block right,
                 part_pair<lists_type> const& pair) {
    packed_part const all = plan_.right.whole(b, right);
    for_each_index(policy_, plan_.parts,
                   [=, plan = plan_, evaluated = evaluated_.data()](index_t t) {
                     evaluated[t] += pair(plan.left.part(a, t, left), all);
                   });
  }

  Derived const& policy_;
  screen_kernels kernels_;
  search_plan plan_;
  scratch<float, Derived> thresholds_;
  scratch<std::int32_t, Derived> counts_;
  scratch<screened_pair<I>, Derived> waiting_;
  scratch<index_t, Derived> evaluated_;
  lists_type lists_;
  side_panels<Derived, Score> sides_;
  threshold_guesses<Derived> guesses_;
  bool odd_candidates_ = false;
  index_t step_ = 0;
};

/// Per query the K kept candidates of largest score. Returns the number of exact scores evaluated.
template <class Derived, class Score, class V, class I, class Keep>
index_t search_pairs(host_policy<Derived> const& base, Score const& score, Keep const& keep,
                     matrix_view<V> values, matrix_view<I> indices, screen_kernels kernels = {}) {
  if (values.extent(1) == 0 || values.extent(0) == 0) { return 0; }
  pair_search<Derived, Score, V, I, Keep> search(static_cast<Derived const&>(base), score, keep,
                                                 values, indices, kernels);
  while (search.step() < search.steps()) { search.advance(); }
  return search.finish();
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/search/pair_search.cuh>
#endif
