// SPDX-License-Identifier: Apache-2.0
// coupleface: thresholds and hardest negatives of all pairs on a CUDA device, from counts alone.
//
// Three walks count keys in ever smaller bins, until each is a single key: those of the thresholds,
// and that of the last of the hardest negatives. If only some negatives of that key are among the
// hardest, another walk counts them by row. The host reads the counts of each walk, and waits.
#pragma once

#include <coupleface/detail/cuda/counters.cuh>
#include <coupleface/detail/cuda/losses/ekd_counts.cuh>
#include <coupleface/detail/cuda/losses/ekd_slopes.cuh>
#include <coupleface/detail/cuda/pairs/tile_walk.cuh>

#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// In a batch, tiles without a pair i < j are not visited.
struct has_ekd_pairs {
  template <class Tile>
  bool operator()(Tile const& tile) const {
    return !Tile::in_batch || tile.row + 1 < tile.column + tile.columns;
  }
};

/// Walk: tile_walk of cosines whose keep is ekd_labels.
template <class Derived, class Walk>
class device_ekd_ranking {
 public:
  using tile_type = typename Walk::tile_type;
  using accumulator = typename Walk::accumulator;

  device_ekd_ranking(Derived const& policy, Walk& walk, index_t rows, index_t hardest)
      : policy_(policy), walk_(walk) {
    ekd_all_bins bins{{searches_[0].bins(), searches_[1].bins(), searches_[2].bins()}};
    bins.of[last_hardest].ranges = 0;  // as the thresholds' of the student
    count(bins);
    for (index_t s = 0; s < bins.of[0].others(); ++s) { negatives_ += counts_[std::size_t(s)]; }
    positives_ = counts_[std::size_t(bins.slots())];
    numbers_ = counts_[std::size_t(bins.slots()) + 1] == 0;
    shares_ = ekd_shares(negatives_);
    hardest_ = smaller(hardest, negatives_);
    if (!numbers_ || negatives_ == 0) { return; }
    narrow(0, 0, bins.first_slot(ekd_all_bins::teacher));
    while (!searches_[0].exact()) {
      bins = {{searches_[0].bins(), searches_[1].bins(), searches_[2].bins()}};
      count(bins);
      narrow(0, bins.first_slot(last_hardest), bins.first_slot(ekd_all_bins::teacher));
    }
    if (hardest_ > 0) { cut(rows); }
  }

  bool numbers() const { return numbers_; }  ///< no cosine that counts is NaN
  index_t positives() const { return positives_; }
  index_t hardest() const { return hardest_; }
  ekd_hardest const& which() const { return which_; }

  void move(ekd_thresholds& thresholds, double momentum) const {
    move_thresholds(thresholds, shares_.wanted, momentum, [&](int side, int k) {
      return searches_[side == 0 ? 0 : ekd_all_bins::teacher].key(k);
    });
  }

 private:
  static constexpr int last_hardest = 1;

  void count(ekd_all_bins const& bins) {
    using kernel = count_ekd_kernel<accumulator, tile_type>;
    device_counters<Derived> const counters(policy_, bins.slots() + 2);
    walk_.for_each_tile_if(has_ekd_pairs{}, [&](tile_type const& tile) {
      launch(
          policy_,
          shape_for(tile.rows, kernel::rows_of_block, kernel::threads, kernel::shared_bytes(bins)),
          kernel{tile, walk_.of_student(), walk_.of_teacher(), bins, counters.data()});
    });
    auto const counted = counters.to_host();
    counts_.assign(counted.begin(), counted.end());
  }

  /// The searches go on from counts that begin at these slots.
  void narrow(index_t first, index_t second, index_t third) {
    index_t const* const counts = counts_.data();
    index_t const above = hardest_ - 1;
    searches_[0].narrow(counts + first, shares_.above, shares_.wanted);
    searches_[last_hardest].narrow(counts + second, &above, hardest_ > 0 ? 1 : 0);
    searches_[ekd_all_bins::teacher].narrow(counts + third, shares_.above, shares_.wanted);
  }

  /// Ties at the last of the hardest go to the smaller row, then to the smaller column.
  void cut(index_t rows) {
    auto const& search = searches_[last_hardest];
    which_ = {search.key(0), rows, 0};
    index_t left = hardest_ - search.above(0);
    if (left == search.held()) { return; }
    scratch<index_t, Derived> const memory(policy_, rows);
    launch_indices(policy_, rows, zero_body<index_t>{memory.data()});
    walk_.for_each_tile_if(has_ekd_pairs{}, [&](tile_type const& tile) {
      using kernel = count_ekd_ties_kernel<accumulator, tile_type>;
      launch(policy_, shape_for(tile.rows, 1, kernel::threads, block_sums_bytes(1)),
             kernel{tile, walk_.of_student(), which_.last, memory.data()});
    });
    std::vector<index_t> ties(static_cast<std::size_t>(rows));
    read_back(policy_, static_cast<index_t const*>(memory.data()), rows, ties.data());
    index_t row = 0;
    for (; row + 1 < rows && left >= ties[std::size_t(row)]; ++row) {
      left -= ties[std::size_t(row)];
    }
    which_.cut = row;
    which_.in_cut = left;
  }

  Derived const& policy_;
  Walk& walk_;
  ekd_search searches_[ekd_all_bins::count];
  std::vector<index_t> counts_;  ///< of the last walk
  ekd_shares shares_{0};
  index_t positives_ = 0, negatives_ = 0, hardest_ = 0;
  bool numbers_ = true;
  ekd_hardest which_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
