// SPDX-License-Identifier: Apache-2.0
// coupleface: margin softmax over tiles of classes, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/softmax_targets.hpp>
#include <coupleface/detail/losses/softmax_tiles.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/settings.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The target class's logit, from the canonical cosine: where the margin is steep, its error
/// counts.
template <class E, class W, class Targets, class Margin>
softmax_sample make_sample(matrix_view<E const> embeddings, matrix_view<W const> weights,
                           Targets const& targets, Margin const& margin, index_t i) {
  index_t const column = targets.column(i);
  if (column < 0) { return {-1, 0, 0, 0}; }
  auto const e = make_row(embeddings.row(i), embeddings.extent(1));
  auto const w = make_row(weights.row(targets.weight_row(column)), weights.extent(1));
  margin_value const m = margin(row_cosine(e, w));
  return {column, margin.scale * m.value, margin.scale * m.slope, 0};
}

/// The loss, and what the gradients need, into `samples`; returns 1 / M.
template <class Derived, class Tiles, class Acc, class L>
double softmax_value(Derived const& policy, Tiles const& work, Acc* memory, scalar_view<L> loss) {
  index_t const n = work.rows, tiles = work.tiles(), lanes = work.lanes();
  index_t valid = 0;
  for (index_t i = 0; i < n; ++i) { valid += work.samples[i].column >= 0; }
  double const mean = valid == 0 ? 0.0 : 1.0 / double(valid);
  scratch<tile_sum, Derived> const lane_sums(policy, n * lanes);
  scratch<double, Derived> const row_losses(policy, n);
  tile_sum* const sums = lane_sums.data();
  double* const terms = row_losses.data();
  for_each_index(policy, lanes, [=](index_t lane) {
    std::fill(sums + lane * n, sums + (lane + 1) * n, tile_sum::of_nothing());
    for (index_t t = lane; t < tiles; t += lanes) {
      work.sums(t, memory + lane * work.lane_size(), sums + lane * n);
    }
  });
  for_each_index(policy, n, [=](index_t i) {
    double const row_loss = work.samples[i].finish(sums + i, lanes, n);
    terms[i] = work.samples[i].column < 0 ? 0.0 : row_loss;
  });
  store_sum(policy, terms, valid == 0 ? 0 : n, mean, loss.data_handle());
  return mean;
}

template <class Derived, class Tiles, class Acc, class E, class Gradient, class WeightGradient>
void softmax_gradients(Derived const& policy, Tiles const& work, Acc* memory, double mean,
                       matrix_view<E const> embeddings, Gradient gradient,
                       WeightGradient weight_gradient) {
  index_t const n = work.rows, width = work.padded_width(), tiles = work.tiles();
  index_t const lanes = work.lanes(), lane_gradient = work.padded_rows() * width;
  line_scratch<Acc, Derived> const lane_gradients(policy, lanes * lane_gradient);
  Acc* const partial = lane_gradients.data();
  for_each_index(policy, lanes, [=](index_t lane) {
    Acc* const mine = partial + lane * lane_gradient;
    std::fill(mine, mine + lane_gradient, Acc(0));
    for (index_t t = lane; t < tiles; t += lanes) {
      work.gradients(t, mean, memory + lane * work.lane_size(), mine, weight_gradient);
    }
  });
  for_each_index(policy, n, [=](index_t i) {
    Acc* const sum = partial + i * width;
    for (index_t lane = 1; lane < lanes; ++lane) {
      for (index_t j = 0; j < width; ++j) { sum[j] += sum[lane * lane_gradient + j]; }
    }
    bool const ignored = work.samples[i].column < 0;
    index_t const used = work.width();
    project_gradient(embeddings.row(i), ignored ? 0.0 : row_norm(embeddings.row(i), used), sum, 1.0,
                     gradient.row(i), used);
  });
}

/// A unit embedding in the layouts that the products read; `units` may be nullptr.
template <class Acc, class E>
void pack_sample(E const* e, index_t i, index_t n, index_t width, bool ignored, double scale,
                 Acc* scaled_columns, Acc* units) {
  constexpr index_t panel = panel_width<Acc>;
  double const inverse = ignored ? 0.0 : inverse_norm<E>(row_norm(e, width));
  for (index_t j = 0; j < rounded_up(width, panel); ++j) {
    // An ignored row must not affect the weights' gradient, even if it is NaN.
    Acc const unit = ignored || j >= width ? Acc(0) : store<Acc>(load(e[j]) * inverse);
    if (j < width) {
      scaled_columns[(i / panel * width + j) * panel + i % panel] = Acc(scale) * unit;
    }
    if (units != nullptr) { units[(j / panel * n + i) * panel + j % panel] = unit; }
  }
}

template <class Derived, class Tiles, class E, class Margin, class Acc>
void prepare_samples(Derived const& policy, Tiles const& work, matrix_view<E const> embeddings,
                     Margin margin, Acc* scaled_columns, Acc* units) {
  index_t const n = work.rows, width = work.width();
  for_each_index(policy, work.padded_rows() / Tiles::panel, [=](index_t p) {
    index_t const first = p * Tiles::panel;
    std::fill(scaled_columns + first * width, scaled_columns + (first + Tiles::panel) * width,
              Acc(0));
    for (index_t i = first; i < std::min(first + Tiles::panel, n); ++i) {
      auto const sample = make_sample(embeddings, work.weights, work.targets, margin, i);
      work.samples[i] = sample;
      pack_sample(embeddings.row(i), i, n, width, sample.column < 0, margin.scale, scaled_columns,
                  units);
    }
  });
}

template <class Derived, class E, class W, class Targets, class L, class Gradient,
          class WeightGradient, class Margin, class Logits>
void margin_softmax_loss(host_policy<Derived> const& base, matrix_view<E const> embeddings,
                         matrix_view<W const> weights, Targets targets, scalar_view<L> loss,
                         Gradient gradient, WeightGradient weight_gradient, Margin margin, Logits) {
  auto const& policy = static_cast<Derived const&>(base);
  expect_valid("margin_softmax_loss", "a setting of the margin is out of range", margin);
  targets.expect_in_range("margin_softmax_loss", weights.extent(0));
  using acc =
      std::conditional_t<std::is_same_v<E, double> || std::is_same_v<W, double>, double, float>;
  constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  constexpr bool with_weights = !std::is_same_v<WeightGradient, no_gradient>;
  index_t const n = embeddings.extent(0);
  softmax_tiles<acc, W, Targets> work{weights, targets, n, margin.scale};
  // Never null: products of width 0 still form pointers into it.
  line_scratch<acc, Derived> const columns(policy,
                                           work.padded_rows() * std::max(index_t(1), work.width()));
  line_scratch<acc, Derived> const units(policy, with_weights ? n * work.padded_width() : 0);
  line_scratch<acc, Derived> const kept(policy, Logits::kept ? work.kept_size() : 0);
  scratch<softmax_sample, Derived> const samples(policy, n);
  work.samples = samples.data();
  work.scaled_columns = columns.data();
  work.units = units.data();
  work.kept = kept.data();
  prepare_samples(policy, work, embeddings, margin, columns.data(), units.data());
  line_scratch<acc, Derived> const memory(policy, work.lanes() * work.lane_size());
  double const mean = softmax_value(policy, work, memory.data(), loss);
  if constexpr (with_gradient) {
    softmax_gradients(policy, work, memory.data(), mean, embeddings, gradient, weight_gradient);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/losses/margin_softmax.cuh>
#endif
