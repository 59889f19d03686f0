// SPDX-License-Identifier: Apache-2.0
// coupleface: a loss of a student's rows beside a teacher's as a node of libtorch's graph.
#pragma once

#include <coupleface/error.hpp>
#include <coupleface/interop/torch/analytic_loss.hpp>
#include <coupleface/interop/torch/dispatch.hpp>

#include <coupleface/policy.hpp>

#include <ATen/ATen.h>

#include <string>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rows of a bank, with the teacher's elements: other pairs of types would only be compiled.
inline at::Tensor bank_rows(char const* function, char const* argument, at::Tensor const& bank,
                            at::Tensor const& teacher) {
  auto const rows = with_rows(function, argument, bank);
  expect_device(function, argument, rows, "teacher", teacher);
  if (rows.scalar_type() != teacher.scalar_type()) {
    fail(function, std::string(argument) + " has elements of " + c10::toString(rows.scalar_type()) +
                       ", but teacher of " + c10::toString(teacher.scalar_type()));
  }
  return rows;
}

/// @param call takes a policy, the views of student and teacher, the loss's view and, where one is
///   wanted, the gradient's, and computes the loss. Tensors that it captures must be detached.
template <class Policy, class Call>
at::Tensor student_loss(char const* function, Policy const& policy, at::Tensor const& student,
                        at::Tensor const& teacher, Call const& call) {
  auto const s = with_rows(function, "student", student);
  auto const t = with_rows(function, "teacher", teacher);
  auto const compute = [&](variables const& gradients) {
    at::Tensor const loss = analytic_loss::make_loss(s);
    with_row_views(function, policy, "student", s, "teacher", t,
                   [&](auto const& on, auto rows, auto beside) {
                     auto const result = loss_view(loss, rows);
                     using G = typename decltype(result)::element_type;
                     if (gradients[0].defined()) {
                       call(on, rows, beside, result, unchecked_matrix<G>(gradients[0]));
                     } else {
                       call(on, rows, beside, result);
                     }
                   });
    return loss;
  };
  return apply_analytic_loss(function, {student}, compute);
}

/// The call of a loss that has no kernels: for tensors on a device it throws.
template <class Call>
auto on_the_host(char const* function, Call const& call) {
  return [=](auto const& on, auto const&... views) {
    if constexpr (is_host_policy_v<std::decay_t<decltype(on)>>) {
      call(on, views...);
    } else {
      fail(function, "the tensors are on a CUDA device, for which this loss has no kernels");
    }
  };
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
