// SPDX-License-Identifier: Apache-2.0
// coupleface: a loss whose gradients are computed with its value, as a node of libtorch's graph.
#pragma once

#include <coupleface/error.hpp>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <string>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

using variables = ::torch::autograd::variable_list;
using autograd_context = ::torch::autograd::AutogradContext;

/// Throws where gradients of gradients would begin.
struct no_second_derivative : ::torch::autograd::Function<no_second_derivative> {
  static at::Tensor forward(autograd_context* ctx, at::Tensor const& loss_gradient,
                            at::Tensor const& /* input */, at::Tensor const& gradient,
                            at::ScalarType type, std::string const& function) {
    ctx->saved_data["function"] = function;
    return (gradient * loss_gradient).to(type);
  }
  static variables backward(autograd_context* ctx, variables const&) {
    fail(ctx->saved_data["function"].toStringRef().c_str(),
         "has first derivatives only; it cannot be differentiated twice");
  }
};

/// The type in which a gradient is computed: at least float, because the loss scale, which keeps
/// small two-byte gradients from vanishing, is applied only afterwards.
inline at::Tensor gradient_of(at::Tensor const& input) {
  auto const type = input.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::empty(input.sizes(), input.options().dtype(type).requires_grad(false),
                   at::MemoryFormat::Contiguous);
}

/// A scalar function of some tensors.
struct analytic_loss : ::torch::autograd::Function<analytic_loss> {
  /// @param compute takes a gradient for each input, undefined where none is wanted, fills them and
  /// returns the loss
  template <class Compute>
  static at::Tensor forward(autograd_context* ctx, at::TensorList inputs,
                            std::string const& function, bool learns, Compute const& compute) {
    variables gradients;
    for (at::Tensor const& x : inputs) {
      gradients.push_back(learns && x.requires_grad() ? gradient_of(x) : at::Tensor());
    }
    at::Tensor const loss = compute(gradients);
    ctx->save_for_backward(gradients);
    // Not as saved variables: those must not be changed in place, and nothing here reads them.
    ctx->saved_data["inputs"] = inputs.vec();
    ctx->saved_data["function"] = function;
    return loss;
  }

  static variables backward(autograd_context* ctx, variables const& loss_gradients) {
    auto const gradients = ctx->get_saved_variables();
    auto const inputs = ctx->saved_data["inputs"].toTensorVector();
    variables results(inputs.size() + 3);  // forward's other arguments are no variables
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!gradients[i].defined()) { continue; }
      auto const type = inputs[i].scalar_type();
      if (at::GradMode::is_enabled()) {
        results[i] = no_second_derivative::apply(loss_gradients[0], inputs[i], gradients[i], type,
                                                 ctx->saved_data["function"].toStringRef());
      } else {
        results[i] = (gradients[i] * loss_gradients[0]).to(type);
      }
    }
    return results;
  }

  /// One element of the type in which losses of such inputs are kept.
  static at::Tensor make_loss(at::Tensor const& input) {
    auto const type = input.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    return at::empty({}, input.options().dtype(type).requires_grad(false));
  }
};

template <class Compute>
at::Tensor apply_analytic_loss(char const* function, variables const& inputs,
                               Compute const& compute) {
  return analytic_loss::apply(at::TensorList(inputs), std::string(function),
                              at::GradMode::is_enabled(), compute);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
