// SPDX-License-Identifier: Apache-2.0
// coupleface: the steps of an exact search on a CUDA device.
//
// Rows are packed in two bytes per element. Tiles of their product are computed in steps. Pairs
// that reach a query's threshold are appended to its list; between two steps lists are shrunk and
// thresholds raised. At the end the remaining pairs get exact values. Queries whose lists
// overflowed or lack pairs are scanned exactly. The sequence of launches depends only on the sizes.
#pragma once

#include <coupleface/detail/cuda/search/exact_scan.cuh>
#include <coupleface/detail/cuda/search/list_values.cuh>
#include <coupleface/detail/cuda/search/screen_tiles.cuh>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Writes a list into its table row, or marks its query to be scanned: if the list overflowed, or
/// if slots are left for rows that are not finite, whose pairs rank last and have no product.
template <class Score, class V, class I>
struct write_lists_body {
  Score score;
  device_lists<V, I> lists;
  index_t first;
  device_survey const* survey;
  matrix_view<V> values;
  matrix_view<I> indices;
  index_t* scanned;
  int* scanned_count;

  COUPLEFACE_HOST_DEVICE bool lacks_odd_pairs(index_t i) const {
    bool const shown = screening_of<Score> != screening::direct || has_limit<Score>;
    return !shown && lists.counts[i] < indices.extent(1) &&
           (survey->odd_candidates != 0 || score.odd_query(first + i));
  }
  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    index_t const i = at / indices.extent(1), slot = at % indices.extent(1);
    if (slot == 0 && (lists.is_full(i) || lacks_odd_pairs(i))) {
      scanned[add_atomically(scanned_count, 1)] = first + i;
    }
    bool const filled = !lists.is_full(i) && slot < lists.counts[i];
    values(first + i, slot) = filled ? lists.scores[i * lists.room + slot] : store<V>(no_score);
    indices(first + i, slot) = filled ? lists.ids[i * lists.room + slot] : I(-1);
  }
};

struct clear_count_body {
  int* count;
  COUPLEFACE_HOST_DEVICE void operator()(index_t) const { *count = 0; }
};

/// @brief The search in steps, each over some turns of a sweep.
template <class Element, class Derived, class Score, class Keep, class V, class I>
class device_search {
  static constexpr bool screened_lists =
      screening_of<Score> == screening::direct && !has_limit<Score>;
  using values_kernel = list_values_kernel<Score, V, I>;

 public:
  device_search(Derived const& policy, Score const& score, Keep const& keep, matrix_view<V> values,
                matrix_view<I> indices, device_limits limits)
      : policy_(policy),
        score_(score),
        keep_(keep),
        values_(values),
        indices_(indices),
        limits_(limits),
        plan_(plan_device_search(score.queries(), score.candidates(), values.extent(1),
                                 score.symmetric(), sizeof(V) + sizeof(I), limits)),
        packed_(policy, score),
        scores_(policy, plan_.group * plan_.room),
        ids_(policy, plan_.group * plan_.room),
        thresholds_(policy, plan_.group),
        counts_(policy, 2 * plan_.group),
        scanned_(policy, plan_.queries),
        scanned_count_(policy, 1),
        lists_{scores_.data(),
               ids_.data(),
               thresholds_.data(),
               counts_.data(),
               counts_.data() + plan_.group,
               plan_.room} {
    launch_indices(policy, 1, clear_count_body{scanned_count_.data()});
  }

  /// Number of steps: the ranges of turns of all sweeps.
  index_t steps() const {
    index_t result = 0;
    for (index_t first = 0; first < plan_.queries; first += plan_.group) {
      tile_sweep const sweep = plan_.sweep(first);
      for (index_t turn = 0; turn < sweep.turns(); turn = sweep.step_end(turn)) { ++result; }
    }
    return result;
  }
  index_t step() const { return step_; }

  void advance() {
    tile_sweep const sweep = plan_.sweep(first_);
    if (turn_ == 0) { begin_sweep(sweep); }
    index_t const end = sweep.step_end(turn_);
    screen_turns(sweep, end);
    settle(sweep, screened_lists);
    ++step_;
    turn_ = end;
    if (turn_ == sweep.turns()) { end_sweep(sweep); }
  }

  /// Completes the table, after the last step.
  void finish() {
    // Without candidates there are no steps.
    while (first_ < plan_.queries) {
      begin_sweep(plan_.sweep(first_));
      end_sweep(plan_.sweep(first_));
    }
    scan_exactly(policy_, score_, keep_, scanned(), values_, indices_, limits_);
  }

  /// Visits the whole state of a search in progress, including the outputs.
  template <class Visit>
  void visit_state(Visit&& visit_array) {
    auto const visit = [&](auto* data, index_t count) {
      if (count > 0) { visit_array(static_cast<void*>(data), sizeof(*data) * std::size_t(count)); }
    };
    for (index_t* const number : {&step_, &first_, &turn_}) { visit(number, 1); }
    visit(scores_.data(), scores_.size());
    visit(ids_.data(), ids_.size());
    visit(thresholds_.data(), thresholds_.size());
    visit(counts_.data(), counts_.size());
    visit(scanned_.data(), scanned_.size());
    visit(scanned_count_.data(), 1);
    for (index_t q = 0; q < plan_.queries; ++q) {
      visit(values_.row(q), values_.extent(1));
      visit(indices_.row(q), indices_.extent(1));
    }
  }

  scanned_queries scanned() const {
    return {scanned_.data(), scanned_count_.data(), plan_.queries};
  }

 private:
  void begin_sweep(tile_sweep const& sweep) {
    launch_indices(policy_, sweep.queries, clear_lists_body<V, I>{lists_});
  }

  /// Writes the lists to the table. The scan does those that overflowed or lack pairs.
  void end_sweep(tile_sweep const& sweep) {
    if (screened_lists) { settle(sweep, false); }
    launch_indices(policy_, sweep.queries * plan_.k,
                   write_lists_body<Score, V, I>{score_, lists_, first_, packed_.survey(), values_,
                                                 indices_, scanned_.data(), scanned_count_.data()});
    first_ += plan_.group;
    turn_ = 0;
  }

  void screen_turns(tile_sweep const& sweep, index_t end) {
    using kernel = screen_tiles_kernel<Element, Score, Keep, V, I>;
    launch(policy_, shape_for(sweep.tiles(turn_, end), 1, kernel::threads, kernel::shared_bytes),
           kernel{score_, keep_, lists_, packed_.queries() + first_ * packed_.stride(),
                  packed_.candidates(), packed_.stride(), first_, sweep, turn_, end,
                  packed_.survey()});
  }

  void settle(tile_sweep const& sweep, bool as_screened) {
    if (as_screened) {
      using kernel = shrink_lists_kernel<V, I>;
      launch(policy_, shape_for(sweep.queries, kernel::threads / warp_threads, kernel::threads),
             kernel{lists_, sweep.queries, plan_.k, packed_.survey()});
      return;
    }
    index_t const slots = rounded_up(plan_.room, 8);
    index_t const bytes = slots * index_t(sizeof(V) + sizeof(I));
    bool const fits = slots < most_shared_bytes && bytes <= most_shared_bytes;
    launch(policy_, shape_for(sweep.queries, 1, values_kernel::threads, fits ? bytes : index_t(0)),
           values_kernel{score_, lists_, first_, sweep.queries, plan_.k, packed_.survey(),
                         fits ? plan_.room : index_t(0)});
  }

  Derived const& policy_;
  Score score_;
  Keep keep_;
  matrix_view<V> values_;
  matrix_view<I> indices_;
  device_limits limits_;
  device_search_plan plan_;
  packed_sides<Derived, Element, Score> packed_;
  scratch<V, Derived> scores_;
  scratch<I, Derived> ids_;
  scratch<float, Derived> thresholds_;
  scratch<int, Derived> counts_;
  scratch<index_t, Derived> scanned_;
  scratch<int, Derived> scanned_count_;
  device_lists<V, I> lists_;
  index_t step_ = 0;
  index_t first_ = 0;  ///< the sweep's first query
  index_t turn_ = 0;   ///< the sweep's next turn
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
