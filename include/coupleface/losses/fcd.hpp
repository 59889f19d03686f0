// SPDX-License-Identifier: Apache-2.0
// coupleface: feature consistency distillation: each student embedding should agree with its
// teacher's.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/fcd.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

namespace detail {
template <class S>
void check_fcd_gradient(matrix_view<S>, no_gradient) {}
template <class S, class G>
void check_fcd_gradient(matrix_view<S> student, matrix_view<G> student_gradient) {
  COUPLEFACE_EXPECT_ELEMENTS("fcd_loss", "student_gradient", G);
  COUPLEFACE_EXPECT_OUTPUT("fcd_loss", "student_gradient", G);
  expect_same_shape("fcd_loss", "student_gradient", student_gradient, "student", student);
}

template <class Policy, class S, class T, class L, class Gradient>
void check_fcd(matrix_view<S> student, matrix_view<T> teacher, scalar_view<L> loss,
               Gradient gradient) {
  COUPLEFACE_EXPECT_POLICY("fcd_loss", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("fcd_loss", "student", S);
  COUPLEFACE_EXPECT_ELEMENTS("fcd_loss", "teacher", T);
  static_assert(std::is_same_v<L, float> || std::is_same_v<L, double>,
                "coupleface::fcd_loss: loss must be a view of float or double");
  expect_same_shape("fcd_loss", "teacher", teacher, "student", student);
  expect_view("fcd_loss", "loss", loss);
  check_fcd_gradient(student, gradient);
}
}  // namespace detail

/// @brief Feature consistency distillation (FCD).
///
/// L = 1/n sum_i || s_i / ||s_i|| - t_i / ||t_i|| ||^2, computed from differences, so that it keeps
/// its digits near 0. Without rows the loss is 0. A row of norm 0 (or below the smallest normal
/// number) counts as the zero vector. NaN or infinite input makes the loss NaN.
///
/// @param policy any Thrust execution policy
/// @param student [n, d] embeddings, of any length
/// @param teacher [n, d] embeddings, of any length
/// @param loss one float or double in the policy's memory, overwritten
/// @throws std::invalid_argument if the shapes differ, before anything is written
/// @complexity O(n d), every input element is read from memory once
/// @scratch 8 n bytes
/// @determinism bit-identical for any policy and thread count
/// Source: L2 between embeddings: stated; normalised, mean over the batch: reconstructed.
template <class Policy, class S, class T, class L>
void fcd_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              scalar_view<L> loss) {
  detail::device_call<Policy> const call("fcd_loss");
  detail::check_fcd<Policy>(student, teacher, loss, detail::no_gradient{});
  detail::fcd_loss(policy, matrix_view<S const>(student), matrix_view<T const>(teacher), loss,
                   detail::no_gradient{});
}

/// @brief fcd_loss and its gradient with respect to the student.
///
/// student_gradient_i = -2/n (t^ - (t^ . s^) s^) / ||s_i||, with a hat for unit vectors; 0 for a
/// row whose norm, or whose teacher's norm, is 0 or below the smallest normal number.
///
/// @param student_gradient [n, d] result, overwritten
/// Everything else as in the value-only form; the loss has the same bits.
template <class Policy, class S, class T, class L, class G>
void fcd_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              scalar_view<L> loss, matrix_view<G> student_gradient) {
  detail::device_call<Policy> const call("fcd_loss");
  detail::check_fcd<Policy>(student, teacher, loss, student_gradient);
  detail::fcd_loss(policy, matrix_view<S const>(student), matrix_view<T const>(teacher), loss,
                   student_gradient);
}

COUPLEFACE_NAMESPACE_END
