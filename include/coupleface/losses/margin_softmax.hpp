// SPDX-License-Identifier: Apache-2.0
// coupleface: margin softmax (ArcFace, CosFace, combined) over all classes or a sample of them.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/margin_softmax.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/logits.hpp>
#include <coupleface/settings/margin.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Labels for a softmax over a sample of the classes (partial FC).
/// @param labels [n] class ids, -1 = ignored; every one must be among `classes`
/// @param classes [m] ids of weight rows, ascending, each once; the result of sample_classes
template <class L, class I>
detail::sampled_targets<L, I> sampled_labels(vector_view<L> labels, vector_view<I> classes) {
  return {labels, classes};
}

/// @brief Margin softmax: cross entropy over scaled cosines, with a margin on the right class.
///
/// L = 1/M sum_i -log( exp(z_iy) / sum_c exp(z_ic) ), z_ic = scale cos(e_i, w_c), and z_iy = scale
/// margin(cos(e_i, w_y)) for the label y; over the M rows whose label is not -1; 0 if M = 0. A row
/// of norm 0 has cosine 0 with everything. NaN or infinite input makes the loss NaN. On CUDA a
/// label that is out of range or not among the sampled classes does so too.
///
/// It is computed as log(1 + sum_{c != y} exp(z_ic - z_iy)), so that small losses and their
/// gradients keep their digits: the relative error is about scale (1 + slope of the margin) (d + 8)
/// roundings of the accumulator, float, or double if either side is. In float, probabilities below
/// e^-86 are 0.
///
/// @param policy any Thrust execution policy
/// @param embeddings [n, d] of any length
/// @param weights [C, d] class weights of any length
/// @param labels [n] class of each row, -1 = ignored; or sampled_labels(labels, classes)
/// @param loss one float or double in the policy's memory, overwritten
/// @param margin arc_margin (default), cosine_margin, combined_margin, plain_margin<...>,
///   straight_through<...>, or your own
/// @param logits recompute_logits{} (default), keep_logits{} or bfloat16_products<...>{}
/// @throws std::invalid_argument if shapes do not fit or, on the host, a label is out of range or
///   not among the sampled classes; before anything is written
/// @complexity one matrix product n C d for the value, three more for the gradients: logits are
///   computed twice; two more with keep_logits
/// @scratch with a = accumulator size, and n and d rounded up to multiples of 128 / a: a n d for
///   unit embeddings and once more for the weights' gradient, 40 bytes a row, and for each of at
///   most 16 lanes a tile of 128 classes: a (256 d + 128 min(n, 512)), 16 bytes a row, a n d with
///   gradients; 64 bytes more for each, for alignment. keep_logits: a n C with C rounded up to a
///   multiple of 128, and no logits in tiles. On CUDA: a n d for unit embeddings and again for
///   their gradient, 16 n ceil(C / 4096), 44 n, 32 MiB for cuBLAS, and one tile of 4096 classes: a
///   (8192 d + 4096 min(n, 2048)), or a (8192 d + n C) with keep_logits
/// @determinism bit-identical for any policy and thread count
/// Source: stated (ArcFace, CosFace, partial FC); degenerate cases: ours.
template <class Policy, class E, class W, class N, class L, class Margin = arc_margin,
          class Logits = recompute_logits, detail::enable_if_margin<Margin> = 0>
void margin_softmax_loss(Policy const& policy, matrix_view<E> embeddings, matrix_view<W> weights,
                         N labels, scalar_view<L> loss, Margin margin = Margin{},
                         Logits logits = Logits{}) {
  detail::device_call<Policy> const call("margin_softmax_loss");
  detail::check_margin_softmax<Policy, Logits>(embeddings, weights, labels, loss,
                                               detail::no_gradient{}, detail::no_gradient{});
  detail::margin_softmax_loss(policy, matrix_view<E const>(embeddings),
                              matrix_view<W const>(weights), detail::as_targets(labels), loss,
                              detail::no_gradient{}, detail::no_gradient{}, margin, logits);
}

/// @brief The same with the gradient with respect to the embeddings, [n, d], overwritten.
template <class Policy, class E, class W, class N, class L, class G, class Margin = arc_margin,
          class Logits = recompute_logits, detail::enable_if_margin<Margin> = 0>
void margin_softmax_loss(Policy const& policy, matrix_view<E> embeddings, matrix_view<W> weights,
                         N labels, scalar_view<L> loss, matrix_view<G> embedding_gradient,
                         Margin margin = Margin{}, Logits logits = Logits{}) {
  detail::device_call<Policy> const call("margin_softmax_loss");
  detail::check_margin_softmax<Policy, Logits>(embeddings, weights, labels, loss,
                                               embedding_gradient, detail::no_gradient{});
  detail::margin_softmax_loss(policy, matrix_view<E const>(embeddings),
                              matrix_view<W const>(weights), detail::as_targets(labels), loss,
                              embedding_gradient, detail::no_gradient{}, margin, logits);
}

/// @brief The same with both gradients.
/// @param weight_gradient [C, d], or [m, d] in the order of `classes` if they are sampled;
///   overwritten
template <class Policy, class E, class W, class N, class L, class G, class H,
          class Margin = arc_margin, class Logits = recompute_logits>
void margin_softmax_loss(Policy const& policy, matrix_view<E> embeddings, matrix_view<W> weights,
                         N labels, scalar_view<L> loss, matrix_view<G> embedding_gradient,
                         matrix_view<H> weight_gradient, Margin margin = Margin{},
                         Logits logits = Logits{}) {
  detail::device_call<Policy> const call("margin_softmax_loss");
  detail::check_margin_softmax<Policy, Logits>(embeddings, weights, labels, loss,
                                               embedding_gradient, weight_gradient);
  detail::margin_softmax_loss(policy, matrix_view<E const>(embeddings),
                              matrix_view<W const>(weights), detail::as_targets(labels), loss,
                              embedding_gradient, weight_gradient, margin, logits);
}

COUPLEFACE_NAMESPACE_END
