// SPDX-License-Identifier: Apache-2.0
// coupleface: margin softmax on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/analytic_loss.hpp>
#include <coupleface/interop/torch/dispatch.hpp>
#include <coupleface/losses/margin_softmax.hpp>

#include <type_traits>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief sampled_labels of tensors.
struct tensor_targets {
  at::Tensor labels;
  at::Tensor classes;
};
inline tensor_targets sampled_labels(at::Tensor labels, at::Tensor classes) {
  return {std::move(labels), std::move(classes)};
}

namespace detail {

/// f(what margin_softmax_loss takes for labels, sampled classes or an undefined tensor).
template <class F>
at::Tensor with_targets(at::Tensor const& labels, at::Tensor const& beside, F const& f) {
  auto const ids = with_ids("margin_softmax_loss", "labels", labels, 1, "embeddings", beside);
  return f(unchecked_vector<std::int64_t const>(ids), at::Tensor());
}
template <class F>
at::Tensor with_targets(tensor_targets const& targets, at::Tensor const& beside, F const& f) {
  constexpr char const* name = "margin_softmax_loss";
  auto const labels = with_ids(name, "labels", targets.labels, 1, "embeddings", beside);
  auto const classes = with_ids(name, "classes", targets.classes, 1, "embeddings", beside);
  return f(sampled_labels(unchecked_vector<std::int64_t const>(labels),
                          unchecked_vector<std::int64_t const>(classes)),
           classes);
}

template <class View>
inline constexpr bool has_double =
    std::is_same_v<std::remove_const_t<typename View::element_type>, double>;

/// The library's gradient has a row for every sampled class; the tensor's has one for every class.
inline at::Tensor rows_of_classes(at::Tensor const& gradient, at::Tensor const& classes) {
  if (!gradient.defined() || !classes.defined()) { return gradient; }
  return at::empty({classes.size(0), gradient.size(1)}, gradient.options());
}

}  // namespace detail

/// @brief margin_softmax_loss of tensors; differentiable by embeddings and weights.
///
/// @param policy for CPU tensors
/// @param embeddings [n, d] of any length
/// @param weights [C, d] of any length; its gradient is dense, 0 for classes that are not sampled
/// @param labels Long [n], -1 = ignored, or sampled_labels(labels, classes)
/// @param margin arc_margin (default), cosine_margin, combined_margin, plain_margin<...>, ...
/// @param logits recompute_logits{} (default), keep_logits{} or bfloat16_products<...>{}
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, rows are of double
///   with bfloat16_products or, on the CPU, a label is out of range or not sampled
/// @complexity margin_softmax_loss's @determinism the same
/// @scratch margin_softmax_loss's, and gradients of what requires them until backward
/// Source: as margin_softmax_loss.
template <class Policy, class Labels, class Margin = arc_margin, class Logits = recompute_logits,
          detail::enable_if_margin<Margin> = 0>
at::Tensor margin_softmax_loss(Policy const& policy, at::Tensor const& embeddings,
                               at::Tensor const& weights, Labels const& labels,
                               Margin margin = Margin{}, Logits logits = Logits{}) {
  constexpr char const* name = "margin_softmax_loss";
  auto const e = detail::with_rows(name, "embeddings", embeddings);
  auto const w = detail::with_rows(name, "weights", weights);
  auto const compute = [&](detail::variables const& gradients) {
    at::Tensor const &gradient = gradients[0], &weight_gradient = gradients[1];
    at::Tensor const loss = detail::analytic_loss::make_loss(e);
    bool const learns = gradient.defined() || weight_gradient.defined();
    return detail::with_targets(labels, e, [&](auto const& targets, at::Tensor const& classes) {
      // Both, whichever is wanted: compiling each case would cost more than it saves.
      auto const of_e = learns && !gradient.defined() ? detail::gradient_of(e) : gradient;
      auto const of_w = detail::rows_of_classes(
          learns && !weight_gradient.defined() ? detail::gradient_of(w) : weight_gradient, classes);
      auto const call = [&](auto const& on, auto a, auto b) {
        auto const result = detail::loss_view(loss, a);
        using L = typename decltype(result)::element_type;
        if constexpr (detail::has_bfloat16_products<Logits> &&
                      (detail::has_double<decltype(a)> || detail::has_double<decltype(b)>)) {
          detail::fail(name, "bfloat16_products are not for rows of double");
        } else if (learns) {
          margin_softmax_loss(on, a, b, targets, result, detail::unchecked_matrix<L>(of_e),
                              detail::unchecked_matrix<L>(of_w), margin, logits);
        } else {
          margin_softmax_loss(on, a, b, targets, result, margin, logits);
        }
      };
      detail::with_row_views(name, policy, "embeddings", e, "weights", w, call);
      if (weight_gradient.defined() && classes.defined()) {
        weight_gradient.zero_().index_copy_(0, classes, of_w);
      }
      return loss;
    });
  };
  return detail::apply_analytic_loss(name, {embeddings, weights}, compute);
}

COUPLEFACE_NAMESPACE_END
