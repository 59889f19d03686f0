// SPDX-License-Identifier: Apache-2.0
// coupleface: kernels of a law over listed pairs on a CUDA device: a block per sample.
//
// One thread adds a sum's terms in the order of slots, and one thread adds the bank rows to a
// column of the gradient in that order, so there are no atomics and both orders are the host's.
#pragma once

#include <coupleface/detail/cuda/losses/listed_products.cuh>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/rounded_product.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// sums(term, i) = the terms of sample i's pairs, added in the order of slots; NaN if an id or a
/// label leads nowhere.
template <class Relation, class Slots, class Terms>
struct listed_terms_kernel {
  static constexpr int threads = pair_threads;
  static constexpr int stride = threads + 1;  // so that the terms of a slot lie in other banks
  static constexpr index_t shared_bytes = Terms::count * stride * index_t(sizeof(double));
  static_assert(shared_bytes <= most_shared_bytes, "coupleface: a law has too many sums");

  Slots slots;
  index_t samples;
  Relation relation;
  Terms terms;
  row_numbers constants, sums;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    auto* const found = reinterpret_cast<double*>(shared_memory());
    int const t = thread_in_block();
    for (index_t i = block_in_grid(); i < samples; i += blocks_in_grid()) {
      auto const of_row = constants_of<Terms::constants>(constants, i);
      index_t const count = slots.count(i);
      double sum = lists_none(slots.neighbours, i) ? not_a_number : 0.0;
      for (index_t first = 0; first < count; first += threads) {
        if (first + t < count) { evaluate(i, first + t, of_row, found + t); }
        wait_for_block();
        index_t const round = smaller(index_t(threads), count - first);
        for (index_t k = 0; k < round && t < Terms::count; ++k) { sum += found[t * stride + k]; }
        wait_for_block();
      }
      if (t < Terms::count) { sums(t, i) = sum; }
    }
  }

  /// out[term stride] = the terms of slot k; 0, which changes no sum, of a slot without a pair.
  COUPLEFACE_HOST_DEVICE void evaluate(index_t i, index_t k,
                                       numbers<Terms::constants> const& of_row, double* out) const {
    index_t const c = slots.id(i, k);
    if (slots.is_row(c)) {
      auto const x = terms(relation.at(slots.student(i)[k]).value,
                           relation.at(slots.teacher(i)[k]).value, of_row);
      for (int term = 0; term < Terms::count; ++term) { out[term * stride] = x.at[term]; }
    } else {
      double const nothing = c == -1 ? 0.0 : not_a_number;
      for (int term = 0; term < Terms::count; ++term) { out[term * stride] = nothing; }
    }
  }
};

/// The gradient of every sample. Writes what multiplies the bank rows over the student's products.
template <class Relation, class S, class H, class Slots, class Law, class G>
struct listed_gradient_kernel {
  static constexpr int threads = pair_threads;
  static constexpr bool is_unit = Relation::how == prepared::unit;
  using team_type = block_team<vector_elements<S, double>>;

  matrix_view<S const> student;
  matrix_view<H const> bank;
  Slots slots;
  Relation relation;
  Law law;
  row_numbers constants;
  int const* counts;
  double const* mean;
  double* directions;  ///< [blocks, width] for cosines
  matrix_view<G> gradient;

  COUPLEFACE_HOST_DEVICE void operator()() const {
    team_type const team;
    index_t const width = student.extent(1);
    double* const direction = directions + (is_unit ? block_in_grid() * width : 0);
    for (index_t i = block_in_grid(); i < student.extent(0); i += blocks_in_grid()) {
      index_t const count = slots.count(i);
      auto const of_row = constants_of<Law::constants>(constants, i);
      for (index_t k = thread_in_block(); k < count; k += threads) {
        slots.student(i)[k] = scale(i, k, of_row);
      }
      wait_for_block();
      for (index_t j = thread_in_block(); j < width; j += threads) {
        double const column = column_of(i, j, count);
        if constexpr (is_unit) {
          direction[j] = column;
        } else {
          gradient.row(i)[j] = store<G>(column * *mean);
        }
      }
      if constexpr (is_unit) {
        wait_for_block();
        // A row in no pair gets gradient 0, even if it is not finite.
        double const norm = counts[i] > 0 ? row_norm(team, student.row(i), width) : 0.0;
        project_gradient(team, student.row(i), norm, direction, *mean, gradient.row(i), width);
        wait_for_block();
      }
    }
  }

  /// d loss / d product times the number of pairs, divided by the bank row's norm for cosines.
  COUPLEFACE_HOST_DEVICE double scale(index_t i, index_t k,
                                      numbers<Law::constants> const& of_row) const {
    if (!slots.is_row(slots.id(i, k))) { return 0; }
    penalty_value const of = relation.at(slots.student(i)[k]);
    double const t = relation.at(slots.teacher(i)[k]).value;
    double const w = law.slope(of.value, t, of_row) * of.slope;
    if constexpr (is_unit) {
      return w * slots.inverse(i)[k];
    } else {
      return w;
    }
  }

  COUPLEFACE_HOST_DEVICE double column_of(index_t i, index_t j, index_t count) const {
    double column = 0;
    COUPLEFACE_UNROLL_4
    for (index_t k = 0; k < count; ++k) {
      double const w = slots.student(i)[k];
      if (w == 0) { continue; }
      double const h = load(bank.row(slots.id(i, k))[j]);
      if constexpr (Relation::how == prepared::centred) {
        column -= rounded_product(w, load(student.row(i)[j]) - h);
      } else {
        column += rounded_product(w, h);
      }
    }
    return column;
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
