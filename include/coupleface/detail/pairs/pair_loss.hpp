// SPDX-License-Identifier: Apache-2.0
// coupleface: a law over all pairs of a batch, or of a batch with a bank, host side.
#pragma once

#include <coupleface/detail/keep.hpp>
#include <coupleface/detail/pairs/bank_pairs.hpp>
#include <coupleface/detail/pairs/batch_pairs.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_walks.hpp>
#include <coupleface/detail/pairs/product_relation.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Number of pairs that count.
template <class Policy, class Keep>
double kept_pairs(Policy const& policy, pair_mask<Keep> const& mask) {
  if constexpr (keeps_all<Keep>) { return double(mask.rows) * double(mask.columns); }
  index_t const diagonal = std::min(mask.rows, mask.columns);
  if constexpr (keeps_apart<Keep>) {
    return double(mask.rows) * double(mask.columns) - double(diagonal);
  }
  scratch<index_t, Policy> const counts(policy, mask.rows);
  index_t* const of_row = counts.data();
  for_each_index(policy, mask.rows, [=](index_t i) {
    of_row[i] = 0;
    for (index_t j = 0; j < mask.columns; ++j) { of_row[i] += index_t(mask.keep(i, j)); }
  });
  double total = 0;
  for (index_t i = 0; i < mask.rows; ++i) { total += double(of_row[i]); }
  return total;
}

/// run(walks over all pairs of a batch, the packed student).
template <class Derived, class S, class T, class Relation, class Keep, class Run>
void with_batch_pairs(Derived const& policy, matrix_view<S const> student,
                      matrix_view<T const> teacher, Relation relation, pair_mask<Keep> mask,
                      Run run) {
  using acc = pair_accumulator<S, T>;
  using packed = packed_rows_of<acc, Relation::how, Derived>;
  index_t const n = student.extent(0);
  index_t const block = block_rounds::of(n, panel_width<acc>).block;
  packed const of_student(policy, n, block, student.extent(1), true);
  packed const of_teacher(policy, n, block, teacher.extent(1), true);
  mean_of_rows<Relation::how, Derived> const student_mean(policy, student);
  mean_of_rows<Relation::how, Derived> const teacher_mean(policy, teacher);
  of_student.pack(policy, student, 0, student_mean.data(), is_row_kept<Keep>{mask});
  of_teacher.pack(policy, teacher, 0, teacher_mean.data(), is_row_kept<Keep>{mask});
  batch_pairs<acc, Relation, Keep, S, T> const walks(student, of_student.side(), teacher,
                                                     of_teacher.side(), relation, mask);
  run(walks, of_student.side());
}

/// The same over the pairs of row i with row j of a bank.
template <class Derived, class S, class T, class H, class B, class Relation, class Keep, class Run>
void with_bank_pairs(Derived const& policy, matrix_view<S const> student,
                     matrix_view<T const> teacher, matrix_view<H const> student_bank,
                     matrix_view<B const> teacher_bank, Relation relation, pair_mask<Keep> mask,
                     Run run) {
  using acc = pair_accumulator<S, T>;
  using packed = packed_rows_of<acc, Relation::how, Derived>;
  index_t const n = student.extent(0), m = student_bank.extent(0);
  index_t const block = std::min(bank_block, m), panel = panel_width<acc>;
  packed const of_student(policy, n, panel, student.extent(1), true);
  packed const of_teacher(policy, n, panel, teacher.extent(1), true);
  packed const student_block(policy, block, bank_tile, student.extent(1), false);
  packed const teacher_block(policy, block, bank_tile, teacher.extent(1), false);
  mean_of_rows<Relation::how, Derived> const student_mean(policy, student);
  mean_of_rows<Relation::how, Derived> const teacher_mean(policy, teacher);
  of_student.pack(policy, student, 0, student_mean.data(), is_row_kept<Keep>{mask});
  of_teacher.pack(policy, teacher, 0, teacher_mean.data(), is_row_kept<Keep>{mask});
  bank_side<H, packed, Keep> const students{student_bank, student_block, student_mean.data(),
                                            is_column_kept<Keep>{mask}};
  bank_side<B, packed, Keep> const teachers{teacher_bank, teacher_block, teacher_mean.data(),
                                            is_column_kept<Keep>{mask}};
  bank_pairs<Derived, batch_side<acc, S>, batch_side<acc, T>, decltype(students),
             decltype(teachers), Relation, Keep> const walks({student, of_student.side()},
                                                             {teacher, of_teacher.side()}, students,
                                                             teachers, relation, mask);
  run(walks, of_student.side());
}

/// L = 1 / M sum over the kept pairs of law(r(s_i, s_j), r(t_i, t_j)).
template <class Derived, class S, class T, class Relation, class Law, class Keep, class L,
          class Gradient>
void batch_pair_loss(host_policy<Derived> const& base, matrix_view<S const> student,
                     matrix_view<T const> teacher, Relation relation, Law law, pair_mask<Keep> mask,
                     scalar_view<L> loss, Gradient gradient) {
  auto const& policy = static_cast<Derived const&>(base);
  with_batch_pairs(
      policy, student, teacher, relation, mask, [&](auto const& walks, auto const& packed) {
        run_pair_walks<Relation>(policy, walks, student, packed, law, is_row_kept<Keep>{mask},
                                 kept_pairs(policy, mask), loss, gradient);
      });
}

/// The same over the pairs of row i with row j of a bank: r(s_i, h_j) and r(t_i, g_j).
template <class Derived, class S, class T, class H, class B, class Relation, class Law, class Keep,
          class L, class Gradient>
void bank_pair_loss(host_policy<Derived> const& base, matrix_view<S const> student,
                    matrix_view<T const> teacher, matrix_view<H const> student_bank,
                    matrix_view<B const> teacher_bank, Relation relation, Law law,
                    pair_mask<Keep> mask, scalar_view<L> loss, Gradient gradient) {
  auto const& policy = static_cast<Derived const&>(base);
  with_bank_pairs(policy, student, teacher, student_bank, teacher_bank, relation, mask,
                  [&](auto const& walks, auto const& packed) {
                    run_pair_walks<Relation>(policy, walks, student, packed, law,
                                             is_row_kept<Keep>{mask}, kept_pairs(policy, mask),
                                             loss, gradient);
                  });
}

/// Checks the arguments of a loss over the pairs of a batch, and computes it. Gradient is a view or
/// no_gradient.
template <class Policy, class S, class T, class L, class Gradient, class Law, class Relation,
          class Keep>
void pair_loss_of_batch(Policy const& policy, char const* function, matrix_view<S> student,
                        matrix_view<T> teacher, scalar_view<L> loss, Gradient gradient, Law law,
                        Relation relation, Keep keep) {
  index_t const n = student.extent(0);
  check_pairs(function, student, teacher, loss, gradient);
  check_law(function, law);
  expect_keep_fits(function, keep, n, n);
  batch_pair_loss(policy, matrix_view<S const>(student), matrix_view<T const>(teacher), relation,
                  law, pair_mask<Keep>{n, n, keep}, loss, gradient);
}

/// The same over the pairs of the batch's rows with a bank's.
template <class Policy, class S, class T, class H, class B, class L, class Gradient, class Law,
          class Relation, class Keep>
void pair_loss_with_bank(Policy const& policy, char const* function, matrix_view<S> student,
                         matrix_view<T> teacher, matrix_view<H> student_bank,
                         matrix_view<B> teacher_bank, scalar_view<L> loss, Gradient gradient,
                         Law law, Relation relation, Keep keep) {
  check_pairs(function, student, teacher, loss, gradient);
  check_banks(function, student, teacher, student_bank, teacher_bank);
  check_law(function, law);
  index_t const n = student.extent(0), m = student_bank.extent(0);
  expect_keep_fits(function, keep, n, m);
  bank_pair_loss(policy, matrix_view<S const>(student), matrix_view<T const>(teacher),
                 matrix_view<H const>(student_bank), matrix_view<B const>(teacher_bank), relation,
                 law, pair_mask<Keep>{n, m, keep}, loss, gradient);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/pairs/pair_loss.cuh>
#endif
