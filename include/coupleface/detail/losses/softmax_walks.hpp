// SPDX-License-Identifier: Apache-2.0
// coupleface: a softmax over tiles of classes, host side: the walks of its value and gradients.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/softmax_tiles.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/settings/margin.hpp>

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
  auto const w = make_row(right_row(weights, targets, i, column), weights.extent(1));
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
    if constexpr (Tiles::adds_targets) {
      if (!ignored) { work.add_target_weight(i, mean, sum); }
    }
    project_gradient(embeddings.row(i), ignored ? 0.0 : row_norm(embeddings.row(i), used), sum, 1.0,
                     gradient.row(i), used);
  });
}

/// The samples' margins, and one panel of unit embeddings in the layouts that the products read.
template <class Tiles, class E, class Margin, class Element>
void prepare_panel(Tiles const& work, matrix_view<E const> embeddings, Margin margin, index_t first,
                   Element* columns, Element* units) {
  constexpr index_t panel = Tiles::panel;
  using acc = typename Tiles::Acc;
  index_t const used = std::min(panel, work.rows - first), width = work.width();
  double inverse[std::size_t(panel)] = {};
  for (index_t i = 0; i < used; ++i) {
    auto const sample = make_sample(embeddings, work.weights, work.targets, margin, first + i);
    work.samples[first + i] = sample;
    bool const ignored = sample.column < 0;
    inverse[i] = ignored ? 0.0 : inverse_norm<E>(row_norm(embeddings.row(first + i), width));
  }
  for (index_t j = 0; j < width; j += panel) {
    acc unit[std::size_t(panel)][std::size_t(panel)] = {};
    for (index_t i = 0; i < used; ++i) {
      // An ignored row must not affect the weights' gradient, even if it is NaN.
      bool const ignored = work.samples[first + i].column < 0;
      for (index_t l = 0; !ignored && l < std::min(panel, width - j); ++l) {
        unit[i][l] = store<acc>(load(embeddings.row(first + i)[j + l]) * inverse[i]);
      }
    }
    Tiles::operands::pack_samples(work.shape(), first, used, j, acc(margin.scale), unit, columns,
                                  units);
  }
}

template <class Operands, class Kept, class Derived, class E, class W, class Targets, class L,
          class Gradient, class WeightGradient, class Margin>
void softmax_by(Derived const& policy, matrix_view<E const> embeddings,
                matrix_view<W const> weights, Targets targets, scalar_view<L> loss,
                Gradient gradient, WeightGradient weight_gradient, Margin margin) {
  using acc = typename Operands::accumulator;
  using element = typename Operands::element;
  constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  constexpr bool with_weights = !std::is_same_v<WeightGradient, no_gradient>;
  index_t const n = embeddings.extent(0);
  softmax_tiles<Operands, E, W, Targets> work{embeddings, weights, targets, n, margin.scale};
  line_scratch<element, Derived> const columns(policy, Operands::columns_size(work.shape()));
  line_scratch<element, Derived> const units(policy,
                                             with_weights ? Operands::units_size(work.shape()) : 0);
  line_scratch<acc, Derived> const kept(policy, Kept::value ? work.kept_size() : 0);
  scratch<softmax_sample, Derived> const samples(policy, n);
  work.samples = samples.data();
  work.columns = columns.data();
  work.units = units.data();
  work.kept = kept.data();
  element *const column_panels = columns.data(), *const unit_panels = units.data();
  for_each_index(policy, work.padded_rows() / work.panel, [=](index_t p) {
    prepare_panel(work, embeddings, margin, p * work.panel, column_panels, unit_panels);
  });
  line_scratch<acc, Derived> const memory(policy, work.lanes() * work.lane_size());
  double const mean = softmax_value(policy, work, memory.data(), loss);
  if constexpr (with_gradient) {
    softmax_gradients(policy, work, memory.data(), mean, embeddings, gradient, weight_gradient);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
