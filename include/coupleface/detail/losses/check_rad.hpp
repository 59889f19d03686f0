// SPDX-License-Identifier: Apache-2.0
// coupleface: checks the arguments of RAD.
#pragma once

#include <coupleface/detail/losses/neighbours.hpp>
#include <coupleface/detail/losses/relation_gaps.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>

#include <type_traits>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Penalty>
using enable_if_penalty =
    std::enable_if_t<(sizeof(std::declval<Penalty const&>()(0.0).slope) > 0), int>;

template <class S>
void check_rad_gradient(matrix_view<S>, no_gradient) {}
template <class S, class G>
void check_rad_gradient(matrix_view<S> student, matrix_view<G> student_gradient) {
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "student_gradient", G);
  COUPLEFACE_EXPECT_OUTPUT("rad_loss", "student_gradient", G);
  expect_same_shape("rad_loss", "student_gradient", student_gradient, "student", student);
}

template <class H>
matrix_view<H> bank_of_teacher(matrix_view<H> student_bank, shared_bank) {
  return student_bank;
}
template <class H, class B>
matrix_view<B> bank_of_teacher(matrix_view<H>, matrix_view<B> teacher_bank) {
  return teacher_bank;
}

template <class S, class T, class H, class B>
void check_rad_shapes(matrix_view<S> student, matrix_view<T> teacher, matrix_view<H> student_bank,
                      matrix_view<B> teacher_bank) {
  constexpr char const* function = "rad_loss";
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "student", S);
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "teacher", T);
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "bank", B);
  expect_view(function, "student", student);
  expect_view(function, "teacher", teacher);
  expect_view(function, "student_bank", student_bank);
  expect_view(function, "bank", teacher_bank);
  expect_equal(function, "rows of teacher", teacher.extent(0), "rows of student",
               student.extent(0));
  expect_equal(function, "width of the student's bank", student_bank.extent(1), "width of student",
               student.extent(1));
  expect_equal(function, "width of the teacher's bank", teacher_bank.extent(1), "width of teacher",
               teacher.extent(1));
  expect_equal(function, "rows of the student's bank", student_bank.extent(0),
               "rows of the teacher's bank", teacher_bank.extent(0));
}

/// Checks types and shapes of every form; writes nothing. `teacher_bank` may be shared_bank{},
/// `gradient` no_gradient{}.
template <class Policy, class S, class T, class H, class TeacherBank, class N, class L,
          class Gradient>
void check_rad(matrix_view<S> student, matrix_view<T> teacher, matrix_view<H> student_bank,
               TeacherBank teacher_bank, N neighbours, scalar_view<L> loss, Gradient gradient) {
  COUPLEFACE_EXPECT_POLICY("rad_loss", Policy);
  static_assert(std::is_same_v<L, float> || std::is_same_v<L, double>,
                "coupleface::rad_loss: loss must be a view of float or double");
  check_rad_shapes(student, teacher, student_bank, bank_of_teacher(student_bank, teacher_bank));
  expect_view("rad_loss", "loss", loss);
  as_neighbours(neighbours).expect_views("rad_loss");
  expect_equal("rad_loss", "samples of neighbours", as_neighbours(neighbours).samples(),
               "rows of student", student.extent(0));
  check_rad_gradient(student, gradient);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
