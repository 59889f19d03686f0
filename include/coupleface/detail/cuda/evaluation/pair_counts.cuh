// SPDX-License-Identifier: Apache-2.0
// coupleface: one pass over all pairs on a CUDA device, in launches of some tiles each. Only the
// counters are read back, at the end of the pass.
#pragma once

#include <coupleface/detail/cuda/counters.cuh>
#include <coupleface/detail/cuda/evaluation/pair_kernels.cuh>
#include <coupleface/detail/cuda/host_side.cuh>
#include <coupleface/detail/cuda/search/device_search.cuh>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Counters of one pass.
template <class Derived>
class pass_counters {
 public:
  pass_counters(Derived const& policy, index_t slots) : slots_(slots), counts_(policy, 2 * slots) {}
  slot_counters counters() const { return {counts_.data(), slots_}; }
  void add_to(std::vector<score_slot>& slots) const {
    auto const counts = counts_.to_host();
    for (index_t s = 0; s < 2 * slots_; ++s) {
      slots[std::size_t(s % slots_)].counts[s / slots_] += index_t(counts[std::size_t(s)]);
    }
  }

 private:
  index_t slots_;
  device_counters<Derived> counts_;
};

/// Calls launch_tiles(pairs) for consecutive ranges of tiles. Progress counts rows as their tiles
/// are enqueued.
template <class Tiles, class L, class M, class Launch, class Progress>
void for_each_launch(Tiles const& tiles, pair_labels<L, M> labels, Launch launch_tiles,
                     Progress&& progress) {
  tile_sweep const sweep = tiles.sweep();
  index_t const all = sweep.tiles(0, sweep.turns());
  for (index_t begin = 0; begin < all; begin += tiles.in_launch()) {
    index_t const end = smaller(begin + tiles.in_launch(), all);
    launch_tiles(labelled_tiles<L, M>{tiles.packed().queries(),
                                      tiles.packed().candidates(),
                                      tiles.packed().stride(),
                                      {sweep, begin, end},
                                      labels});
    progress(end == all ? sweep.candidates
                        : index_t(double(sweep.candidates) * (double(end) / double(all))),
             sweep.candidates);
  }
}

template <class Derived, class Tiles, class L, class M, class Progress>
std::vector<score_slot> count_products(cuda_policy<Derived> const& base, Tiles const& tiles,
                                       pair_labels<L, M> labels, Progress&& progress) {
  auto const& policy = static_cast<Derived const&>(base);
  std::vector<score_slot> slots(std::size_t(product_bins::count + 1), score_slot{0, 0, {0, 0}});
  pass_counters<Derived> const counters(policy, index_t(slots.size()));
  auto const count = [&](labelled_tiles<L, M> const& pairs) {
    using kernel = count_products_kernel<L, M>;
    launch(policy,
           shape_for(pairs.tiles.end - pairs.tiles.begin, 1, kernel::threads, kernel::shared_bytes),
           kernel{pairs, counters.counters()});
  };
  for_each_launch(tiles, labels, count, progress);
  counters.add_to(slots);
  slots.pop_back();  // NaN
  return slots;
}

/// Counts by products first, then by exact values for the pairs that products leave open.
template <class Derived, class Tiles, class L, class M, class Progress>
void count_screened(Derived const& policy, Tiles const& tiles, pair_labels<L, M> labels,
                    slot_layout const& layout, exact_counter exact, Progress&& progress) {
  auto const sure = sure_slots(layout, tiles.error());
  auto const sure_list =
      in_memory_of(policy, vector_view<std::int32_t const>(sure.data(), index_t(sure.size())));
  tile_sweep const sweep = tiles.sweep();
  index_t const most = smaller(sweep.tiles(0, sweep.turns()), tiles.in_launch());
  scratch<std::uint32_t, Derived> const list(policy, most * tile_rows * tile_rows);
  scratch<int, Derived> const open_count(policy, 1);
  open_pairs const open{list.data(), open_count.data()};
  using score_type = std::decay_t<decltype(tiles.score())>;
  auto const count = [&](labelled_tiles<L, M> const& pairs) {
    using products = count_sure_kernel<L, M>;
    using values = count_open_kernel<score_type, L, M>;
    index_t const tile_count = pairs.tiles.end - pairs.tiles.begin;
    launch_indices(policy, 1, clear_count_body{open.count});
    launch(policy, shape_for(tile_count, 1, products::threads, products::shared_bytes),
           products{pairs, sure_list.vector().data_handle(), exact.counters, open});
    // The number of open pairs is unknown here, so teams loop with a stride.
    launch(policy, {tile_count, values::threads},
           values{tiles.score(), pairs.tiles, labels, exact, open});
  };
  for_each_launch(tiles, labels, count, progress);
}

template <class Q, class C, class Relation, class Use>
relation_pairs<Q, C, Relation, Use> pairs_of(relation_score<Q, C, Relation> const& score, Use use) {
  return {score.query_rows,      score.candidate_rows, score.query_norms,
          score.candidate_norms, score.relation,       use};
}

template <class Derived, class Tiles, class L, class M, class Progress>
void count_scores(cuda_policy<Derived> const& base, Tiles const& tiles, pair_labels<L, M> labels,
                  slot_layout& layout, Progress&& progress) {
  auto const& policy = static_cast<Derived const&>(base);
  slot_finder const zones = layout.finder();
  auto const zone_list =
      in_memory_of(policy, vector_view<slot_zone const>(zones.zones, zones.count));
  pass_counters<Derived> const counters(policy, index_t(layout.slots().size()));
  exact_counter const exact{{zone_list.vector().data_handle(), zones.count}, counters.counters()};
  if constexpr (Tiles::screened) {
    count_screened(policy, tiles, labels, layout, exact, progress);
  } else {
    auto const& score = tiles.score();
    relate_pairs(policy, pairs_of(score, count_relation<L, M>{labels, tiles.symmetric(), exact}));
    if (score.queries() > 0 && score.candidates() > 0) {
      progress(score.candidates(), score.candidates());
    }
  }
  counters.add_to(layout.slots());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
