// SPDX-License-Identifier: Apache-2.0
// coupleface: all pairs of two sets of rows on a CUDA device, by tiles: a block multiplies 128 by
// 128 packed rows on tensor cores, and products never leave the chip.
//
// Rows are packed in float16, whose rounding moves unit rows an eighth as far as bfloat16's: the
// pairs that a product leaves open cost more than the product.
#pragma once

#include <coupleface/detail/cuda/search/packed_rows.cuh>
#include <coupleface/detail/cuda/search/tile_product.cuh>
#include <coupleface/detail/evaluation/pair_tiles.hpp>

#include <optional>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A range of a sweep's tiles, processed by one launch.
struct tile_range {
  tile_sweep sweep;
  index_t begin, end;

  COUPLEFACE_HOST_DEVICE tile_place operator[](index_t u) const {
    return sweep.tile(0, sweep.turns(), u);
  }
  /// True for a tile paired with itself, whose two halves are mirror images.
  COUPLEFACE_HOST_DEVICE bool meets_itself(tile_place at) const {
    return sweep.symmetric && !at.both;
  }
};

template <class Policy, class Score>
class pair_tiles<Policy, Score, std::enable_if_t<!is_host_policy_v<Policy>>> {
 public:
  static constexpr bool screened = screening_of<Score> == screening::direct;
  using packed_rows = packed_sides<Policy, float16, Score>;

  /// `in_launch` tiles are processed per launch; the pairs they leave open must fit in memory (128
  /// MiB).
  pair_tiles(Policy const& policy, Score const& score, index_t in_launch = 2048)
      : policy_(policy), score_(score), in_launch_(in_launch) {
    if constexpr (screened) { packed_.emplace(policy, score); }
  }

  Score const& score() const { return score_; }
  packed_rows const& packed() const { return *packed_; }
  bool symmetric() const { return score_.symmetric(); }
  index_t in_launch() const { return in_launch_; }
  tile_sweep sweep() const {
    // There are no lists, so the numbers that describe them, k and room, are 0.
    return {score_.queries(), score_.candidates(), 0, 0, symmetric()};
  }
  /// Bound on |product - score|, after the score is rounded to float. Waits for the packing.
  double error() const {
    device_survey survey{};
    read_back(policy_, packed_->survey(), 1, &survey);
    return survey.error;
  }

 private:
  Policy const& policy_;
  Score score_;
  index_t in_launch_;
  std::optional<packed_rows> packed_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
