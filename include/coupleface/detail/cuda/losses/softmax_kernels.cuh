// SPDX-License-Identifier: Apache-2.0
// coupleface: kernels of a margin softmax: samples, logits and their sums.
#pragma once

#include <coupleface/detail/cuda/losses/softmax_targets.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/losses/softmax_tiles.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Computes samples and unit embeddings; the target class's logit uses the canonical cosine.
template <class Acc, class E, class W, class Targets, class Margin>
struct make_samples_body {
  matrix_view<E const> embeddings;
  matrix_view<W const> weights;
  Targets targets;
  Margin margin;
  softmax_sample* samples;
  int* counts;
  Acc* units;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const column = trusted_column(targets, i, weights.extent(0));
    index_t const width = embeddings.extent(1);
    E const* const e = embeddings.row(i);
    Acc* const unit = units + i * width;
    softmax_sample sample{column, column == broken_column ? not_a_number : 0.0, 0, 0};
    if (column >= 0) {
      auto const* const w = right_row(weights, targets, i, column);
      double const e_norm = row_norm(team, e, width);
      double const cosine =
          cosine_of(team, e, e_norm, w, row_norm(team, w, width), width, team.dot(e, w, width));
      margin_value const m = margin(cosine);
      sample.logit = margin.scale * m.value;
      sample.slope = margin.scale * m.slope;
      normalize_row(team, e, unit, width);
    } else {  // must not affect the weights, even if it is NaN
      team.columns(width, [=](index_t j) { unit[j] = Acc(0); });
    }
    if (team.leads()) {
      samples[i] = sample;
      counts[i] = column != ignored_column;
    }
  }
};

/// Normalises the weights of a tile of classes. One that is not finite and counts for no sample
/// becomes 0: slopes 0 times NaN would be NaN.
template <class Acc, class W, class Targets>
struct pack_weights_body {
  matrix_view<W const> weights;
  Targets targets;
  index_t samples;
  index_t first_class;
  Acc* unit_weights;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t j) const {
    index_t const width = weights.extent(1);
    Acc* const unit = unit_weights + j * width;
    index_t const row = trusted_row(targets, first_class + j, weights.extent(0));
    double const inverse =
        row < 0 ? not_a_number : inverse_norm<W>(row_norm(team, weights.row(row), width));
    if (!is_nan(inverse)) {
      team.transform(unit, width, scaled_by{inverse}, weights.row(row));
    } else {
      double const filling = is_kept(targets, first_class + j, samples) ? not_a_number : 0.0;
      team.columns(width, [=](index_t l) { unit[l] = Acc(filling); });
    }
  }
};

/// Products of a block of rows with a tile of classes, and the logits they give.
template <class Acc, class Targets>
struct logit_tile {
  Acc* z;  ///< [rows, classes]
  index_t classes;
  index_t first_class;
  index_t first_row;
  softmax_sample const* samples;  ///< from the block's first row on
  double scale;
  Targets targets;

  /// The logit of a class; left_out for the target class, and for one that does not count.
  COUPLEFACE_HOST_DEVICE Acc logit(index_t i, index_t j) const {
    bool const counts =
        samples[i].column != first_class + j && is_kept_by(targets, first_class + j, first_row + i);
    return counts ? z[i * classes + j] * Acc(scale) : left_out<Acc>;
  }
};

/// A block per row: the largest logit, and the sum of exponentials relative to it, in a fixed
/// order.
template <class Acc, class Targets>
struct tile_sums_kernel {
  static constexpr int threads = 128;
  static constexpr index_t shared_bytes = threads * index_t(sizeof(double));
  logit_tile<Acc, Targets> tile;
  index_t rows;
  tile_sum* sums;

  /// Reduces the values of all threads with `join`; every thread gets the result.
  template <class Join>
  COUPLEFACE_HOST_DEVICE static double together(double value, Join join) {
    auto* const values = reinterpret_cast<double*>(shared_memory());
    int const t = thread_in_block();
    values[t] = value;
    wait_for_block();
    for (int half = threads / 2; half > 0; half /= 2) {
      if (t < half) { values[t] = join(values[t], values[t + half]); }
      wait_for_block();
    }
    double const result = values[0];
    wait_for_block();
    return result;
  }

  COUPLEFACE_HOST_DEVICE void operator()() const {
    for (index_t i = block_in_grid(); i < rows; i += blocks_in_grid()) {
      Acc largest = Acc(-HUGE_VAL);
      for (index_t j = thread_in_block(); j < tile.classes; j += threads) {
        Acc const z = tile.logit(i, j);
        if (z > largest) { largest = z; }
      }
      largest = Acc(together(largest, [](double a, double b) { return b > a ? b : a; }));
      double sum = 0;
      for (index_t j = thread_in_block(); j < tile.classes; j += threads) {
        sum += double(std::exp(tile.logit(i, j) - largest));
      }
      sum = together(sum, [](double a, double b) { return a + b; });
      if (thread_in_block() == 0) { sums[i] = {double(largest), sum}; }
    }
  }
};

/// Computes a sample's loss from the sums of its tiles, in tile order.
struct finish_sample_body {
  softmax_sample* samples;
  tile_sum const* sums;
  index_t tiles;
  index_t rows;
  double* terms;

  COUPLEFACE_HOST_DEVICE void operator()(index_t i) const {
    double const loss = samples[i].finish(sums + i, tiles, rows);
    terms[i] = samples[i].column == ignored_column ? 0.0 : loss;
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
