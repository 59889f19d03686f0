// SPDX-License-Identifier: Apache-2.0
// A loss of the library that has no form for tensors, as a node of libtorch's graph: the gradient
// is computed with the value.
#pragma once

#include <torch/torch.h>

#include <coupleface/interop/torch.hpp>

namespace torch_student {

struct known_gradient : torch::autograd::Function<known_gradient> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               torch::Tensor const& student, torch::Tensor const& gradient,
                               double value) {
    context->saved_data["gradient"] = gradient;
    return torch::tensor(value, student.options().dtype(torch::kFloat).requires_grad(false));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list const& of_loss) {
    return {context->saved_data["gradient"].toTensor() * of_loss[0], {}, {}};
  }
};

/// compute(student [n, d], loss, gradient [n, d]) on the CPU's memory.
template <class Compute>
torch::Tensor term_of(torch::Tensor const& student, Compute const& compute) {
  auto const rows = student.to(torch::kFloat).contiguous();
  auto const values = rows.detach(), gradient = torch::empty_like(values);
  double value = 0;
  compute(coupleface::matrix_view_of<float const>(values), coupleface::make_scalar_view(&value),
          coupleface::matrix_view_of<float>(gradient));
  return known_gradient::apply(rows, gradient, value);
}

}  // namespace torch_student
