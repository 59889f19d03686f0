// coupleface: margin softmax by tiles of classes, host side. Logits are computed twice, never kept.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/softmax_targets.hpp>
#include <coupleface/detail/losses/softmax_tiles.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/settings.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The right class's logit from the canonical cosine: where the margin is steep, digits count.
/// Rounded to Acc, as it stands among the others in the sum: the loss is never below 0.
template <class Acc, class E, class W, class Targets, class Margin>
softmax_sample make_sample(matrix_view<E const> embeddings, matrix_view<W const> weights,
                           Targets const& targets, Margin const& margin, index_t i) {
  index_t const column = targets.column(i);
  if (column < 0) { return {-1, 0, 0, 0}; }
  auto const e = make_row(embeddings.row(i), embeddings.extent(1));
  auto const w = make_row(weights.row(targets.weight_row(column)), weights.extent(1));
  margin_value const m = margin(row_cosine(e, w));
  return {column, double(Acc(margin.scale * m.value)), margin.scale * m.slope, 0};
}

/// log sum over all tiles, in their order.
inline double log_sum_exp(tile_sum const* sums, index_t tiles, index_t stride) {
  double largest = -std::numeric_limits<double>::infinity();
  for (index_t t = 0; t < tiles; ++t) { largest = std::max(largest, sums[t * stride].largest); }
  double sum = 0;
  for (index_t t = 0; t < tiles; ++t) {
    sum += sums[t * stride].sum * std::exp(sums[t * stride].largest - largest);
  }
  return largest + std::log(sum);
}

/// Loss, and what the gradients need, into `samples`; returns 1 / M.
template <class Derived, class Tiles, class Acc, class L>
double softmax_value(Derived const& policy, Tiles const& work, Acc* memory, scalar_view<L> loss) {
  index_t const n = work.rows, tiles = work.tiles(), lanes = work.lanes();
  index_t valid = 0;
  for (index_t i = 0; i < n; ++i) { valid += work.samples[i].column >= 0; }
  double const mean = valid == 0 ? 0.0 : 1.0 / double(valid);
  scratch<tile_sum, Derived> const tile_sums(policy, n * tiles);
  scratch<double, Derived> const row_losses(policy, n);
  tile_sum* const sums = tile_sums.data();
  double* const terms = row_losses.data();
  for_each_index(policy, lanes, [=](index_t lane) {
    for (index_t t = lane; t < tiles; t += lanes) {
      work.sums(t, memory + lane * work.lane_size(), sums + t * n);
    }
  });
  for_each_index(policy, n, [=](index_t i) {
    softmax_sample& sample = work.samples[i];
    sample.log_sum = log_sum_exp(sums + i, tiles, n);
    terms[i] = sample.column < 0 ? 0.0 : sample.log_sum - sample.logit;
  });
  store_sum(policy, terms, valid == 0 ? 0 : n, mean, loss.data_handle());
  return mean;
}

template <class Derived, class Tiles, class Acc, class E, class Gradient, class WeightGradient>
void softmax_gradients(Derived const& policy, Tiles const& work, Acc* memory, double mean,
                       matrix_view<E const> embeddings, Gradient gradient,
                       WeightGradient weight_gradient) {
  index_t const n = work.rows, width = work.width(), tiles = work.tiles(), lanes = work.lanes();
  scratch<Acc, Derived> const lane_gradients(policy, lanes * n * width);
  Acc* const partial = lane_gradients.data();
  for_each_index(policy, lanes, [=](index_t lane) {
    Acc* const mine = partial + lane * n * width;
    std::fill(mine, mine + n * width, Acc(0));
    for (index_t t = lane; t < tiles; t += lanes) {
      work.gradients(t, mean, memory + lane * work.lane_size(), mine, weight_gradient);
    }
  });
  for_each_index(policy, n, [=](index_t i) {
    Acc* const sum = partial + i * width;
    for (index_t lane = 1; lane < lanes; ++lane) {
      for (index_t j = 0; j < width; ++j) { sum[j] += partial[(lane * n + i) * width + j]; }
    }
    bool const ignored = work.samples[i].column < 0;
    project_gradient(embeddings.row(i), ignored ? 0.0 : row_norm(embeddings.row(i), width), sum,
                     1.0, gradient.row(i), width);
  });
}

template <class Derived, class E, class W, class Targets, class L, class Gradient,
          class WeightGradient, class Margin>
void margin_softmax_loss(host_policy<Derived> const& base, matrix_view<E const> embeddings,
                         matrix_view<W const> weights, Targets targets, scalar_view<L> loss,
                         Gradient gradient, WeightGradient weight_gradient, Margin margin) {
  auto const& policy = static_cast<Derived const&>(base);
  expect_valid("margin_softmax_loss", "a setting of the margin is out of range", margin);
  targets.expect_in_range("margin_softmax_loss", weights.extent(0));
  using acc =
      std::conditional_t<std::is_same_v<E, double> || std::is_same_v<W, double>, double, float>;
  index_t const n = embeddings.extent(0), width = embeddings.extent(1);
  scratch<acc, Derived> const unit_memory(policy, n * width);
  scratch<softmax_sample, Derived> const sample_memory(policy, n);
  acc* const units = unit_memory.data();
  softmax_sample* const samples = sample_memory.data();
  for_each_index(policy, n, [=](index_t i) {
    samples[i] = make_sample<acc>(embeddings, weights, targets, margin, i);
    acc* const unit = units + i * width;
    if (samples[i].column >= 0) {
      normalize_row(embeddings.row(i), unit, width);
    } else {  // an ignored row must not reach the weights, not even if it is NaN
      std::fill(unit, unit + width, acc(0));
    }
  });
  softmax_tiles<acc, W, Targets> const work{weights, targets, units, samples, n, margin.scale};
  scratch<acc, Derived> const memory(policy, work.lanes() * work.lane_size());
  double const mean = softmax_value(policy, work, memory.data(), loss);
  if constexpr (!std::is_same_v<Gradient, no_gradient>) {
    softmax_gradients(policy, work, memory.data(), mean, embeddings, gradient, weight_gradient);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
