// SPDX-License-Identifier: Apache-2.0
// coupleface: a law over listed pairs of samples and bank rows, host side.
#pragma once

#include <coupleface/detail/losses/neighbours.hpp>
#include <coupleface/detail/losses/rad_rows.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_walks.hpp>
#include <coupleface/detail/pairs/product_relation.hpp>
#include <coupleface/detail/rounded_product.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// What at() reads, from canonical sums along the rows.
template <class Relation, class A, class B>
double exact_product(row<A> const& a, row<B> const& b) {
  if constexpr (Relation::how == prepared::unit) { return row_cosine(a, b); }
  if constexpr (Relation::how == prepared::raw) { return dot(a.data, b.data, a.width); }
  return exact_distance(squared_distance(a.data, b.data, a.width));
}

/// Samples or bank rows of student and teacher.
template <class S, class T>
struct both_sides {
  matrix_view<S> student;
  matrix_view<T> teacher;
};

/// The walks of walk_pairs() over listed pairs. `products` has a number for every slot and side.
template <class Derived, class Samples, class Bank, class Neighbours, class Relation,
          class Gradient>
struct listed_pairs {
  Samples samples;
  Bank bank;
  Neighbours neighbours;
  Relation relation;
  Gradient gradient;  ///< a view or no_gradient
  double* products;
  index_t slots;
  double* directions;  ///< for each lane a row as wide as the student's

  index_t rows() const { return neighbours.samples(); }
  double* student_products(index_t i) const { return products + 2 * i * slots; }
  double* teacher_products(index_t i) const { return student_products(i) + slots; }

  /// visit(k, bank row) for the valid slots of sample i.
  template <class Visit>
  void for_each_pair(index_t i, Visit visit) const {
    for (index_t k = 0; k < neighbours.count(i); ++k) {
      index_t const c = index_t(neighbours.begin(i)[k]);
      if (c >= 0) { visit(k, c); }
    }
  }

  void find_products(index_t i) const {
    index_t const student_width = samples.student.extent(1);
    index_t const teacher_width = samples.teacher.extent(1);
    auto const s = make_row(samples.student.row(i), student_width);
    auto const t = make_row(samples.teacher.row(i), teacher_width);
    for_each_pair(i, [&](index_t k, index_t c) {
      auto const h = make_row(bank.student.row(c), student_width);
      auto const g = make_row(bank.teacher.row(c), teacher_width);
      student_products(i)[k] = exact_product<Relation>(s, h);
      teacher_products(i)[k] = exact_product<Relation>(t, g);
    });
  }

  template <class Terms>
  void add_row_terms(index_t i, Terms const& terms, row_numbers constants, row_numbers sums) const {
    auto const c = constants_of<Terms::constants>(constants, i);
    for_each_pair(i, [&](index_t k, index_t) {
      auto x = terms(relation.at(student_products(i)[k]).value,
                     relation.at(teacher_products(i)[k]).value, c);
      for (int term = 0; term < Terms::count; ++term) {
        COUPLEFACE_KEEP_ROUNDED(x.at[term]);  // a product must not be fused with the sum
        sums(term, i) += x.at[term];
      }
    });
  }

  template <class Terms>
  void add_terms(Derived const& policy, double*, Terms terms, row_numbers constants,
                 row_numbers sums) const {
    if constexpr (Terms::count > 0) {
      for_each_index(policy, rows(),
                     [=, *this](index_t i) { add_row_terms(i, terms, constants, sums); });
    }
  }

  template <class Terms, class Law>
  void add_terms_and_gradient(Derived const& policy, double* memory, Terms terms, Law law,
                              double mean, law_memory<double> of) const {
    add_terms(policy, memory, terms, of.constants, of.sums);
    index_t const lanes = lane_count(rows());
    for_each_index(policy, lanes, [=, *this](index_t lane) {
      double* const direction = directions + lane * samples.student.extent(1);
      for (index_t i = lane_begin(lane, lanes, rows()); i < lane_begin(lane + 1, lanes, rows());
           ++i) {
        store_row_gradient(i, law, mean, of.constants, direction);
      }
    });
  }

  template <class Law>
  void store_row_gradient(index_t i, Law const& law, double mean, row_numbers constants,
                          double* direction) const {
    auto const* const s = samples.student.row(i);
    index_t const width = samples.student.extent(1);
    auto const c = constants_of<Law::constants>(constants, i);
    std::fill(direction, direction + width, 0.0);
    bool any = false;
    for_each_pair(i, [&](index_t k, index_t row) {
      penalty_value const of = relation.at(student_products(i)[k]);
      double const t = relation.at(teacher_products(i)[k]).value;
      add_pull(direction, s, bank.student.row(row), law(of.value, t, c)[0] * of.slope, width);
      any = true;
    });
    if constexpr (Relation::how == prepared::unit) {
      project_gradient(s, any ? row_norm(s, width) : 0.0, direction, mean, gradient.row(i), width);
    } else {
      for (index_t j = 0; j < width; ++j) {
        gradient.row(i)[j] = store<std::decay_t<decltype(gradient(i, j))>>(direction[j] * mean);
      }
    }
  }

  /// direction += what d loss / d product = w makes of one pair.
  template <class A, class H>
  static void add_pull(double* direction, A const* s, H const* h, double w, index_t width) {
    if constexpr (Relation::how == prepared::centred) {
      for (index_t j = 0; w != 0 && j < width; ++j) {
        direction[j] -= rounded_product(w, load(s[j]) - load(h[j]));
      }
    } else {
      double const scale =
          Relation::how == prepared::unit ? w * inverse_norm<H>(row_norm(h, width)) : w;
      if (scale != 0) { add_scaled_rows<1>(&h, &scale, width, direction); }
    }
  }
};

template <class Derived, class Samples, class Bank, class N, class Law, class Relation, class L,
          class Gradient>
void listed_pair_loss(host_policy<Derived> const& base, char const* function, Samples samples,
                      Bank bank, N neighbours_argument, Law law, Relation relation,
                      scalar_view<L> loss, Gradient gradient) {
  constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  auto const& policy = static_cast<Derived const&>(base);
  auto const neighbours = as_neighbours(neighbours_argument);
  neighbours.expect_in_range(function, bank.student.extent(0));
  index_t const n = neighbours.samples(), slots = most_neighbours(neighbours);
  scratch<double, Derived> const products(policy, 2 * n * slots);
  scratch<double, Derived> const directions(
      policy, with_gradient ? lane_count(n) * samples.student.extent(1) : 0);
  scratch<double, Derived> const constants(policy, n * Law::constants);
  scratch<double, Derived> const sums(policy, n * std::max(Law::sums, 1 + Law::back_sums));
  listed_pairs<Derived, Samples, Bank, decltype(neighbours), Relation, Gradient> const walks{
      samples, bank, neighbours, relation, gradient, products.data(), slots, directions.data()};
  for_each_index(policy, n, [=](index_t i) { walks.find_products(i); });
  law_memory<double> const of{{constants.data(), n}, {sums.data(), n}, {nullptr, 0}, nullptr};
  walk_pairs<with_gradient>(policy, walks, static_cast<double*>(nullptr), law,
                            double(count_pairs(neighbours)), of, loss);
}

/// Checks the arguments of a loss over listed pairs, and computes it.
template <class Policy, class S, class T, class H, class B, class N, class L, class Gradient,
          class Law, class Relation>
void pair_loss_of_list(Policy const& policy, char const* function, matrix_view<S> student,
                       matrix_view<T> teacher, matrix_view<H> student_bank,
                       matrix_view<B> teacher_bank, N neighbours, scalar_view<L> loss,
                       Gradient gradient, Law law, Relation relation) {
  check_pairs(function, student, teacher, loss, gradient);
  check_banks(function, student, teacher, student_bank, teacher_bank);
  check_law(function, law);
  as_neighbours(neighbours).expect_views(function);
  expect_equal(function, "samples of neighbours", as_neighbours(neighbours).samples(),
               "rows of student", student.extent(0));
  listed_pair_loss(policy, function, both_sides<S const, T const>{student, teacher},
                   both_sides<H const, B const>{student_bank, teacher_bank}, neighbours, law,
                   relation, loss, gradient);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/losses/listed_pairs.cuh>
#endif
