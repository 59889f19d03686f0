// SPDX-License-Identifier: Apache-2.0
// coupleface: FCD on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/analytic_loss.hpp>
#include <coupleface/interop/torch/dispatch.hpp>
#include <coupleface/losses/fcd.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief fcd_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student, teacher [n, d] embeddings of any length
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit
/// @complexity fcd_loss's @determinism the same
/// @scratch fcd_loss's, and a gradient [n, d] until backward
/// Source: as fcd_loss.
template <class Policy>
at::Tensor fcd_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher) {
  constexpr char const* name = "fcd_loss";
  auto const s = detail::with_rows(name, "student", student);
  auto const t = detail::with_rows(name, "teacher", teacher);
  auto const compute = [&](detail::variables const& gradients) {
    at::Tensor const& gradient = gradients[0];
    at::Tensor const loss = detail::analytic_loss::make_loss(s);
    auto const call = [&](auto const& on, auto a, auto b) {
      auto const result = detail::loss_view(loss, a);
      using G = typename decltype(result)::element_type;
      if (gradient.defined()) {
        fcd_loss(on, a, b, result, detail::unchecked_matrix<G>(gradient));
      } else {
        fcd_loss(on, a, b, result);
      }
    };
    detail::with_row_views(name, policy, "student", s, "teacher", t, call);
    return loss;
  };
  return detail::apply_analytic_loss(name, {student}, compute);
}

COUPLEFACE_NAMESPACE_END
