// coupleface: exact search for the best pairs of every query, host side.
//
// Rows are packed into panels by blocks, and every product of two panels serves the rows of both
// where queries and candidates are the same rows: the triangle of blocks is visited once. Within
// two blocks, bands of parts are paired in rounds in which no part occurs twice, so that no two
// threads touch the lists of one row.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/search/exact_tables.hpp>
#include <coupleface/detail/search/guessed_thresholds.hpp>
#include <coupleface/detail/search/part_pair.hpp>
#include <coupleface/detail/search/search_plan.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// @brief The search in steps: each takes one pair of blocks, so that somebody can show progress,
/// stop, and keep the state.
template <class Derived, class Score, class V, class I, class Keep>
class pair_search {
  using lists_type = candidate_lists<Score, V, I, Keep>;
  static constexpr bool screened = screening_of<Score> != screening::none;

 public:
  pair_search(Derived const& policy, Score const& score, Keep const& keep, matrix_view<V> values,
              matrix_view<I> indices, screen_kernels kernels = best_screen())
      : policy_(policy),
        kernels_(kernels),
        plan_(plan_search(score, values.extent(1), sizeof(I), kernels)),
        left_(policy, screened ? plan_.left.block_rows() * plan_.words : 0),
        right_(policy, screened ? plan_.right_rows_packed() * plan_.words : 0),
        temporary_(policy, plan_.lanes * plan_.width),
        thresholds_(policy, plan_.queries),
        counts_(policy, plan_.queries),
        waiting_(policy, plan_.queries * plan_.room),
        evaluated_(policy, plan_.lanes),
        guess_(plan_.symmetric && plan_.room > 0
                   ? plan_guess(values.extent(1), plan_.candidates, plan_.right.block_rows())
                   : guess_plan{}),
        guesses_(policy, guess_.size > 0 ? plan_.queries : 0),
        lists_{score,           keep,      values, indices, 0, thresholds_.data(), counts_.data(),
               waiting_.data(), plan_.room} {
    if constexpr (screened) {
      survey const rows = survey_rows(policy_, kernels_, score, plan_.lanes, temporary_.data());
      lists_.error =
          screen_error(plan_.width, score.magnitude(), rows.largest_residual, kernels_.sum_unit());
      odd_candidates_ = rows.odd_candidates;
    }
    std::fill(evaluated_.data(), evaluated_.data() + plan_.lanes, index_t(0));
    clear();
    if (screened && plan_.right_stays) {
      pack(0, plan_.candidates, right_rows, right_.data(), false);
    }
    if constexpr (screening_of<Score> == screening::direct) {
      if (guess_.size > 0) { guess_thresholds(); }
    }
  }

  index_t steps() const { return plan_.steps(); }
  index_t step() const { return step_; }

  void advance() {
    if constexpr (screened) { screen_blocks(); }
    ++step_;
  }

  void screen_blocks() {
    auto const [a, b] = plan_.blocks_of(step_);
    if (a != packed_left_) { pack_left(a); }
    pack_right(b);
    part_pair<lists_type> const pair{lists_, kernels_, plan_.words, plan_.symmetric, false};
    if (!plan_.symmetric) { return row_round(a, b, pair); }
    for (index_t round = 0; round < plan_.bands; ++round) { run_round(a, b, pair, round); }
  }

  /// Exact values, sorted. Returns how many exact scores were evaluated in all.
  index_t finish(exact_limits limits = {}) {
    shrink_lists();
    if (guess_.size > 0) { mend_guesses(); }
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

  /// Hands every array that a search in progress consists of to visit(pointer, bytes). The outputs
  /// are part of it.
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
    packed_left_ = -1;
  }

 private:
  void clear() {
    for_each_index(policy_, plan_.queries, [lists = lists_](index_t q) { lists.clear(q); });
  }

  void shrink_lists() {
    for_each_index(policy_, plan_.queries, [lists = lists_](index_t q) {
      if (!lists.is_exact(q)) { lists.shrink(q); }
    });
  }

  void guess_thresholds() {
    scratch<index_t, Derived> const sampled(policy_, guess_.size);
    index_t* const ids = sampled.data();
    for (index_t s = 0; s < guess_.size; ++s) {
      ids[s] = sampled_candidate(s, guess_.size, plan_.candidates);
    }
    auto const unit_row = [=, score = lists_.score](index_t s, float* out) {
      score.write_candidate(ids[s], out);
    };
    scratch<panel_word, Derived> const apart(
        policy_, plan_.right_stays ? rounded_up(guess_.size, right_rows) * plan_.words : 0);
    panel_word* const sample = plan_.right_stays ? apart.data() : right_.data();
    pack_panels(policy_, kernels_, unit_row, 0, guess_.size, plan_.width, right_rows, plan_.lanes,
                temporary_.data(), sample);
    index_t const stride = left_rows * rounded_up(guess_.size, right_rows);
    scratch<float, Derived> const scores(policy_, plan_.parts * stride);
    for (index_t block = 0; block < plan_.left.blocks(); ++block) {
      pack_left(block);
      for_each_index(
          policy_, plan_.parts,
          [=, lists = lists_, kernels = kernels_, plan = plan_, guess = guess_, left = left_.data(),
           scores = scores.data(), guesses = guesses_.data()](index_t t) {
            guess_part(lists, kernels, plan.words, plan.left.part(block, t, left), sample, ids,
                       guess, scores + t * stride, guesses);
          });
    }
  }

  // A threshold above its guess was proven since. Of the others some may have been too high.
  void mend_guesses() {
    float* const guesses = guesses_.data();
    index_t doubtful = 0;
    for (index_t q = 0; q < plan_.queries; ++q) {
      doubtful +=
          (is_finite(guesses[q]) || is_nan(guesses[q])) && !(thresholds_.data()[q] > guesses[q]);
    }
    if (doubtful > plan_.queries / 256 + 8) {
      clear();
      std::fill(guesses, guesses + plan_.queries, -std::numeric_limits<float>::infinity());
      for (step_ = 0; step_ < steps();) { advance(); }
      return shrink_lists();
    }
    for_each_query(
        policy_, plan_.lanes, plan_.queries, evaluated_.data(),
        [=, lists = lists_](index_t q, index_t, index_t& evaluated) {
          if ((!is_finite(guesses[q]) && !is_nan(guesses[q])) || lists.thresholds[q] > guesses[q]) {
            return;
          }
          lists.clear(q);
          lists.fill_exactly(q, evaluated);
        });
  }

  void pack(index_t first, index_t last, int panel_rows, panel_word* panels, bool queries) {
    auto const unit_row = [score = lists_.score, queries](index_t i, float* out) {
      queries ? score.write_query(i, out) : score.write_candidate(i, out);
    };
    pack_panels(policy_, kernels_, unit_row, first, last - first, plan_.width, panel_rows,
                plan_.lanes, temporary_.data(), panels);
  }

  void pack_left(index_t block) {
    index_t const first = plan_.left.begin(block), last = plan_.left.end(block);
    if (plan_.right_stays && plan_.symmetric && Score::packs_alike) {
      repack_panels(policy_, right_.data(), right_rows, first, last - first, plan_.words, left_rows,
                    left_.data());
    } else {
      pack(first, last, left_rows, left_.data(), true);
    }
    packed_left_ = block;
  }

  void pack_right(index_t block) {
    if (plan_.right_stays) { return; }
    pack(plan_.right.begin(block), plan_.right.end(block), right_rows, right_.data(), false);
  }

  panel_word const* right_panels(index_t block) const {
    return right_.data() + (plan_.right_stays ? block * plan_.right.block_rows() * plan_.words : 0);
  }

  void run_round(index_t a, index_t b, part_pair<lists_type> const& pair, index_t round) {
    index_t const meetings = plan_.meetings(a == b, round);
    for_each_index(policy_, meetings,
                   [=, plan = plan_, left = left_.data(), right = right_panels(b),
                    evaluated = evaluated_.data()](index_t i) {
                     // The last parts of the last block may be empty.
                     index_t const t = spread_index(i, meetings);
                     index_t count = 0;
                     plan.for_each_pair(
                         a == b, plan.bands_of(a == b, round, t), [&](index_t p, index_t q) {
                           auto parts = pair;
                           parts.diagonal = a == b && p == q;
                           count += parts(plan.left.part(a, p, left), plan.right.part(b, q, right));
                         });
                     evaluated[t] += count;
                   });
  }

  // No rows are shared: each part of the queries takes the whole block of candidates.
  void row_round(index_t a, index_t b, part_pair<lists_type> const& pair) {
    packed_part const all{plan_.right.begin(b), plan_.right.end(b) - plan_.right.begin(b),
                          right_panels(b)};
    for_each_index(policy_, plan_.parts,
                   [=, plan = plan_, left = left_.data(), evaluated = evaluated_.data()](
                       index_t t) { evaluated[t] += pair(plan.left.part(a, t, left), all); });
  }

  Derived const& policy_;
  screen_kernels kernels_;
  search_plan plan_;
  scratch<panel_word, Derived> left_, right_;
  scratch<float, Derived> temporary_, thresholds_;
  scratch<std::int32_t, Derived> counts_;
  scratch<screened_pair<I>, Derived> waiting_;
  scratch<index_t, Derived> evaluated_;
  guess_plan guess_;
  scratch<float, Derived> guesses_;
  lists_type lists_;
  bool odd_candidates_ = false;
  index_t step_ = 0;
  index_t packed_left_ = -1;
};

/// Per query the K kept candidates of largest score. Returns how many exact scores it took.
template <class Derived, class Score, class V, class I, class Keep>
index_t search_pairs(host_policy<Derived> const& base, Score const& score, Keep const& keep,
                     matrix_view<V> values, matrix_view<I> indices,
                     screen_kernels kernels = best_screen()) {
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
