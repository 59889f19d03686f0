// SPDX-License-Identifier: Apache-2.0
// coupleface: plans the division of a search, and the room of its lists.
#pragma once

#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/search/pair_score.hpp>
#include <coupleface/detail/search/screen_kernel.hpp>
#include <coupleface/detail/search/search_division.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Divides the rows into blocks of parts, in whole panels. A symmetric search has an even number of
/// parts, which are paired. Otherwise few queries are divided among many threads.
inline void divide_rows(search_plan& plan, index_t threads) {
  index_t const row_bytes =
      std::max<index_t>(1, plan.words + plan.row_words) * index_t(sizeof(panel_word));
  index_t const part_bytes = part_rows * row_bytes;
  index_t most = std::clamp<index_t>(panels_budget / (2 * part_bytes), 1, most_parts);
  if (most > 1) { most -= most % 2; }
  index_t const right_parts = std::max<index_t>(1, rounded_up_quotient(plan.candidates, part_rows));
  index_t parts = rounded_up_quotient(right_parts, rounded_up_quotient(right_parts, most));
  if (plan.symmetric) {
    parts += parts > 1 ? parts % 2 : 0;
    plan.left = {plan.queries, part_rows, parts, plan.words, plan.row_words};
  } else {
    index_t const share = rounded_up(rounded_up_quotient(plan.queries, most), left_rows);
    index_t const size = std::clamp<index_t>(share, left_rows, part_rows);
    index_t const left_parts = rounded_up_quotient(plan.queries, size);
    plan.left = {plan.queries, size, std::clamp<index_t>(left_parts, 1, most), plan.words,
                 plan.row_words};
  }
  plan.right = {plan.candidates, part_rows, parts, plan.words, plan.row_words};
  plan.parts = plan.left.parts;
  plan.bands = band_count(plan.parts, threads);
  index_t const all = plan.right.blocks() * plan.right.block_rows();
  plan.right_stays =
      all * row_bytes <= (plan.row_words > 0 ? kept_int8_budget : kept_panels_budget);
}

/// Memory of a search beyond its lists, in bytes.
inline index_t bytes_beside_lists(search_plan const& plan, index_t k) {
  constexpr index_t word = sizeof(panel_word), number = sizeof(float);
  index_t const sample = rounded_up(plan.candidates / sampled_share, index_t(right_rows));
  index_t const packed = plan.left.block_rows() + plan.right_rows_packed();
  index_t const panels =
      word * (plan.words * (packed + (plan.right_stays ? sample : 0)) + plan.row_words * packed);
  index_t const temporary_rows = number * plan.lanes * plan.width;
  index_t const guesses = number * plan.queries;
  index_t const sample_scores = number * plan.parts * left_rows * plan.right.block_rows();
  // Where lanes sort pairs: the K best and all waiting pairs, at most as many as lists have room
  // for.
  index_t const ordered_pairs = 2 * (k + most_waiting_beside_k) * pair_bytes;
  index_t const places = index_t(sizeof(std::int32_t)) *
                         exact_places(exact_queries(plan.queries, plan.lanes), most_exact_blocks);
  return panels + temporary_rows + guesses + sample_scores + plan.lanes * (ordered_pairs + places);
}

/// Room for waiting pairs per query: what the budget leaves, at most K + most_waiting_beside_k.
inline index_t room_of_lists(search_plan const& plan, index_t k, std::size_t id_bytes) {
  // A float and an id, aligned.
  index_t const each = std::max<index_t>(8, 2 * index_t(id_bytes));
  index_t const free = search_budget - bytes_beside_lists(plan, k);
  index_t const fits = free / (std::max<index_t>(1, plan.queries) * each);
  return fits < least_room ? 0 : std::min(fits, k + most_waiting_beside_k);
}

/// Plans a search for the `k` best pairs of `score`, with ids of `id_bytes` each.
template <class Score>
search_plan plan_search(Score const& score, index_t k, std::size_t id_bytes,
                        screen_kernels const& kernels, index_t threads = hardware_threads()) {
  search_plan plan{};
  plan.queries = score.queries();
  plan.candidates = score.candidates();
  plan.parts = 1;
  plan.lanes = most_parts;
  plan.left = plan.right = {0, part_rows, 1, 0};
  if constexpr (screening_of<Score> != screening::none) {
    plan.width = score.packed_width();
    plan.words = kernels.words(plan.width);
    plan.row_words = kernels.row_words(plan.width);
    plan.symmetric = score.symmetric();
    divide_rows(plan, threads);
  }
  if constexpr (screening_of<Score> == screening::direct && !has_limit<Score>) {
    plan.room = room_of_lists(plan, k, id_bytes);
  }
  return plan;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
