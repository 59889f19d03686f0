// SPDX-License-Identifier: Apache-2.0
// coupleface: the products of listed pairs on a CUDA device: a block per sample, a team of threads
// per slot, by the host's canonical sums.
#pragma once

#include <coupleface/detail/cuda/losses/neighbours.cuh>
#include <coupleface/detail/cuda/pairs/law_tile.cuh>
#include <coupleface/detail/pairs/product_relation.hpp>
#include <coupleface/detail/relation.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// The slots of all samples, with `per_slot` numbers for each: the products of the student and of
/// the teacher, and 1 / norm of the student's bank row where the gradient needs it. Ids and labels
/// are not trusted: none leads beyond the bank or the table.
template <class Neighbours>
struct device_slots {
  Neighbours neighbours;
  index_t bank_rows, most;  ///< `most` slots are a sample's share of memory
  double* products;
  int per_slot;

  COUPLEFACE_HOST_DEVICE double* student(index_t i) const { return products + per_slot * i * most; }
  COUPLEFACE_HOST_DEVICE double* teacher(index_t i) const { return student(i) + most; }
  COUPLEFACE_HOST_DEVICE double* inverse(index_t i) const { return student(i) + 2 * most; }
  COUPLEFACE_HOST_DEVICE index_t count(index_t i) const {
    return lists_none(neighbours, i) ? 0 : neighbours.count(i);
  }
  COUPLEFACE_HOST_DEVICE index_t id(index_t i, index_t k) const {
    return static_cast<index_t>(neighbours.begin(i)[k]);
  }
  COUPLEFACE_HOST_DEVICE bool is_row(index_t id) const { return id >= 0 && id < bank_rows; }
};

/// Stores the products of every slot that names a row.
template <class Relation, class S, class T, class H, class B, class Slots, bool WithInverse>
struct listed_products_kernel {
  static constexpr int threads = pair_threads;
  static constexpr int elements = smaller(vector_elements<S, H>, vector_elements<T, B>);
  using team_type = row_team<elements>;

  matrix_view<S const> student;
  matrix_view<T const> teacher;
  matrix_view<H const> student_bank;
  matrix_view<B const> teacher_bank;
  Slots slots;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    team_type const team;
    index_t const own = thread_in_block() / team_type::threads;
    for (index_t i = block_in_grid(); i < student.extent(0); i += blocks_in_grid()) {
      auto const s = row_of(team, student, i);
      auto const t = row_of(team, teacher, i);
      index_t const count = slots.count(i);
      for (index_t k = own; k < count; k += threads / team_type::threads) {
        index_t const c = slots.id(i, k);
        if (!slots.is_row(c)) { continue; }
        double inverse = 0;
        double const of_student = product_of(team, s, student_bank.row(c), &inverse);
        double const of_teacher = product_of(team, t, teacher_bank.row(c), nullptr);
        if (!team.leads()) { continue; }
        slots.student(i)[k] = of_student;
        slots.teacher(i)[k] = of_teacher;
        if constexpr (WithInverse) { slots.inverse(i)[k] = inverse; }
      }
    }
  }

  template <class E>
  COUPLEFACE_HOST_DEVICE static row<E> row_of(team_type const& team, matrix_view<E const> x,
                                              index_t i) {
    index_t const width = x.extent(1);
    bool const is_unit = Relation::how == prepared::unit;
    return {x.row(i), width, is_unit ? row_norm(team, x.row(i), width) : 0.0};
  }

  /// exact_product(), by a team.
  template <class A, class E>
  COUPLEFACE_HOST_DEVICE static double product_of(team_type const& team, row<A> const& a,
                                                  E const* b, double* inverse) {
    if constexpr (Relation::how == prepared::unit) {
      double sums[2];
      team.dots(b, static_cast<E*>(nullptr), a.width, sums, a.data);
      double const norm = norm_of_square(team, b, a.width, sums[0]);
      if (inverse != nullptr) { *inverse = inverse_norm<E>(norm); }
      return cosine_of(team, a.data, a.norm, b, norm, a.width, sums[1]);
    } else if constexpr (Relation::how == prepared::raw) {
      return team.dot(a.data, b, a.width);
    } else {
      return exact_distance(team.sum(a.data, b, a.width, squared_gap_term{}));
    }
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
