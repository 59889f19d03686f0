// SPDX-License-Identifier: Apache-2.0
// coupleface: kernels for the gradients of a margin softmax.
#pragma once

#include <coupleface/detail/cuda/losses/softmax_kernels.cuh>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Replaces z by d loss / d cosine; ignored and broken rows get 0.
template <class Acc, class Targets>
struct slopes_body {
  logit_tile<Acc, Targets> tile;
  double const* mean;

  COUPLEFACE_HOST_DEVICE void operator()(index_t at) const {
    // A tile has fewer than 2^32 elements, and 64-bit division is slow on devices.
    auto const place = static_cast<std::uint32_t>(at);
    auto const classes = static_cast<std::uint32_t>(tile.classes);
    index_t const i = place / classes, j = place % classes;
    softmax_sample const& sample = tile.samples[i];
    Acc slope = Acc(0);
    if (sample.column == tile.first_class + j) {
      slope = Acc(sample.slope * *mean);
    } else if (sample.column >= 0) {
      slope = std::exp(tile.logit(i, j) - Acc(sample.log_sum)) * Acc(tile.scale * *mean);
    }
    tile.z[at] = slope;
  }
};

/// Gradients of the weights, through their normalisation.
template <class Acc, class W, class Targets, class H>
struct project_weights_body {
  matrix_view<W const> weights;
  Targets targets;
  index_t first_class;
  Acc const* slopes;
  matrix_view<H> gradient;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t j) const {
    index_t const width = weights.extent(1);
    index_t const row = trusted_row(targets, first_class + j, weights.extent(0));
    H* const out = gradient.row(first_class + j);
    if (row >= 0) {
      W const* const w = weights.row(row);
      project_gradient(team, w, row_norm(team, w, width), slopes + j * width, 1.0, out, width);
    } else {
      team.columns(width, [=](index_t l) { out[l] = store<H>(not_a_number); });
    }
  }
};

/// Gradients of the embeddings, through their normalisation.
template <class Acc, class E, class W, class Targets, class G>
struct project_embeddings_body {
  matrix_view<E const> embeddings;
  matrix_view<W const> weights;
  Targets targets;
  softmax_sample const* samples;
  double const* mean;
  Acc* unit_gradient;
  matrix_view<G> gradient;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t i) const {
    index_t const width = embeddings.extent(1);
    E const* const e = embeddings.row(i);
    if constexpr (right_apart<Targets>) {  // the right row is in no tile
      auto const* const right = right_row(weights, targets, i, samples[i].column);
      add_unit(team, right, width, Acc(samples[i].slope * *mean), unit_gradient + i * width);
    }
    double const norm = samples[i].column < 0 ? 0.0 : row_norm(team, e, width);
    project_gradient(team, e, norm, unit_gradient + i * width, 1.0, gradient.row(i), width);
  }

  /// sum [d] += slope x / || x ||
  template <class Team, class X>
  COUPLEFACE_HOST_DEVICE static void add_unit(Team const& team, X const* x, index_t width,
                                              Acc slope, Acc* sum) {
    double const inverse = inverse_norm<X>(row_norm(team, x, width));
    team.columns(width, [=](index_t j) { sum[j] += slope * store<Acc>(load(x[j]) * inverse); });
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
