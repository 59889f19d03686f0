// SPDX-License-Identifier: Apache-2.0
// coupleface: a law over all pairs of a batch, or of a batch with a bank, on a CUDA device.
#pragma once

#include <coupleface/detail/cuda/pairs/pair_walks.cuh>
#include <coupleface/detail/pairs/pair_loss.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Derived, class Student, class Teacher, class Relation, class Law, class Keep,
          class L, class Gradient>
void device_pair_loss(Derived const& policy, Student const& student, Teacher const& teacher,
                      Relation relation, Law law, pair_mask<Keep> mask, scalar_view<L> loss,
                      Gradient gradient) {
  device_pairs<Derived, Student, Teacher, Relation, Law, Keep> pairs(policy, student, teacher,
                                                                     relation, law, mask);
  if constexpr (std::is_same_v<Gradient, no_gradient>) {
    pairs.value(loss);
  } else {
    pairs.value_and_gradient(loss, gradient);
  }
}

template <class Derived, class S, class T, class Relation, class Law, class Keep, class L,
          class Gradient>
void batch_pair_loss(cuda_policy<Derived> const& base, matrix_view<S const> student,
                     matrix_view<T const> teacher, Relation relation, Law law, pair_mask<Keep> mask,
                     scalar_view<L> loss, Gradient gradient) {
  auto const& policy = static_cast<Derived const&>(base);
  using acc = pair_accumulator<S, T>;
  device_side<Relation::how, acc, true, S, S, Keep, Derived> const of_student(policy, student,
                                                                              student, mask, 0);
  device_side<Relation::how, acc, true, T, T, Keep, Derived> const of_teacher(policy, teacher,
                                                                              teacher, mask, 0);
  device_pair_loss(policy, of_student, of_teacher, relation, law, mask, loss, gradient);
}

template <class Derived, class S, class T, class H, class B, class Relation, class Law, class Keep,
          class L, class Gradient>
void bank_pair_loss(cuda_policy<Derived> const& base, matrix_view<S const> student,
                    matrix_view<T const> teacher, matrix_view<H const> student_bank,
                    matrix_view<B const> teacher_bank, Relation relation, Law law,
                    pair_mask<Keep> mask, scalar_view<L> loss, Gradient gradient) {
  auto const& policy = static_cast<Derived const&>(base);
  using acc = pair_accumulator<S, T>;
  index_t const block = smaller(law_tile_columns, mask.columns);
  device_side<Relation::how, acc, false, S, H, Keep, Derived> const of_student(
      policy, student, student_bank, mask, block);
  device_side<Relation::how, acc, false, T, B, Keep, Derived> const of_teacher(
      policy, teacher, teacher_bank, mask, block);
  device_pair_loss(policy, of_student, of_teacher, relation, law, mask, loss, gradient);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
