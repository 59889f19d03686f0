// SPDX-License-Identifier: Apache-2.0
// coupleface: checks the arguments of losses over all pairs.
#pragma once

#include <coupleface/detail/settings.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <type_traits>
#include <utility>

/// Stops a call of a loss whose elements it cannot read or write. G is no_gradient or a view.
#define COUPLEFACE_EXPECT_PAIR_TYPES(function, Policy, S, T, L)        \
  COUPLEFACE_EXPECT_POLICY(function, Policy);                          \
  COUPLEFACE_EXPECT_ELEMENTS(function, "student", S);                  \
  COUPLEFACE_EXPECT_ELEMENTS(function, "teacher", T);                  \
  static_assert(std::is_same_v<L, float> || std::is_same_v<L, double>, \
                "coupleface::" function ": loss must be a view of float or double")

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class S>
void check_pair_gradient(char const*, matrix_view<S>, no_gradient) {}
template <class S, class G>
void check_pair_gradient(char const* function, matrix_view<S> student, matrix_view<G> gradient) {
  static_assert(is_element<std::remove_cv_t<G>>::value && !std::is_const_v<G>,
                "coupleface: student_gradient must have elements of float, double, float16 or "
                "bfloat16 that are not const");
  expect_same_shape(function, "student_gradient", gradient, "student", student);
}

template <class S, class T, class L, class Gradient>
void check_pairs(char const* function, matrix_view<S> student, matrix_view<T> teacher,
                 scalar_view<L> loss, Gradient gradient) {
  expect_view(function, "student", student);
  expect_view(function, "teacher", teacher);
  expect_equal(function, "rows of teacher", teacher.extent(0), "rows of student",
               student.extent(0));
  expect_view(function, "loss", loss);
  check_pair_gradient(function, student, gradient);
}

template <class S, class T, class H, class B>
void check_banks(char const* function, matrix_view<S> student, matrix_view<T> teacher,
                 matrix_view<H> student_bank, matrix_view<B> teacher_bank) {
  expect_view(function, "student_bank", student_bank);
  expect_view(function, "teacher_bank", teacher_bank);
  expect_equal(function, "width of student_bank", student_bank.extent(1), "width of student",
               student.extent(1));
  expect_equal(function, "width of teacher_bank", teacher_bank.extent(1), "width of teacher",
               teacher.extent(1));
  expect_equal(function, "rows of teacher_bank", teacher_bank.extent(0), "rows of student_bank",
               student_bank.extent(0));
}

template <class Law, class = void>
inline constexpr bool has_penalty = false;
template <class Law>
inline constexpr bool has_penalty<Law, std::void_t<decltype(std::declval<Law const&>().penalty)>> =
    true;

template <class Law>
void check_law(char const* function, Law const& law) {
  static_assert(Law::constants == 0 || Law::sums > 0 || Law::back_sums > 0,
                "coupleface: a law with constants needs sums to make them of");
  expect_valid(function, "a setting of the law is out of range", law);
  if constexpr (has_penalty<Law>) {
    expect_valid(function, "a setting of the penalty is out of range", law.penalty);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
