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
/// @complexity, @determinism fcd_loss's
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
    detail::with_elements(name, "student", s, "teacher", t,
                          [&](auto student_tag, auto teacher_tag) {
                            using S = typename decltype(student_tag)::type;
                            using T = typename decltype(teacher_tag)::type;
                            using L = accumulator_t<S>;
                            auto const result = make_scalar_view(static_cast<L*>(loss.data_ptr()));
                            detail::with_policy(name, policy, s, [&](auto const& on) {
                              auto const a = detail::unchecked_matrix<S const>(s);
                              auto const b = detail::unchecked_matrix<T const>(t);
                              if (gradient.defined()) {
                                fcd_loss(on, a, b, result, detail::unchecked_matrix<L>(gradient));
                              } else {
                                fcd_loss(on, a, b, result);
                              }
                            });
                          });
    return loss;
  };
  return detail::apply_analytic_loss(name, {student}, compute);
}

COUPLEFACE_NAMESPACE_END
