// SPDX-License-Identifier: Apache-2.0
// coupleface: all pairs of a batch, host side: each product of two blocks of rows serves both.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/pairs/block_rounds.hpp>
#include <coupleface/detail/pairs/close_pairs.hpp>
#include <coupleface/detail/pairs/law_terms.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Walks over all pairs of a batch. Memory of a lane: products of two blocks for the student, of
/// one panel and a block for the teacher.
template <class Acc, class Relation, class Keep, class S, class T>
class batch_pairs {
 public:
  using panel_type = pair_panel<Acc, Keep>;
  static constexpr index_t panel = panel_width<Acc>;
  static constexpr index_t most_lanes = 16;

  batch_pairs(matrix_view<S const> student, packed_side<Acc> packed_student,
              matrix_view<T const> teacher, packed_side<Acc> packed_teacher, Relation relation,
              pair_mask<Keep> mask)
      : rounds_(block_rounds::of(student.extent(0), panel)),
        student_rows_(student),
        teacher_rows_(teacher),
        student_(packed_student),
        teacher_(packed_teacher),
        relation_(relation),
        mask_(mask) {}

  index_t lanes() const { return lane_count(rounds_.blocks, most_lanes); }
  index_t lane_size() const { return rounds_.block * (rounds_.block + panel); }
  index_t rows() const { return rounds_.rows; }

  /// visit(task) for all tasks, `memory` for all lanes.
  template <class Derived, class Visit>
  void for_each_task(Derived const& policy, Acc* memory, Visit visit) const {
    index_t const lanes = this->lanes(), size = lane_size();
    for_each_index(policy, lanes, [=, rounds = rounds_](index_t lane) {
      for (index_t b = lane; b < rounds.blocks; b += lanes) { visit(b, b, memory + lane * size); }
    });
    for (index_t round = 0; round < rounds_.rounds(); ++round) {
      for_each_index(policy, lanes, [=, rounds = rounds_](index_t lane) {
        for (index_t task = lane; task < rounds.tasks(); task += lanes) {
          index_t first, second;
          rounds.meet(round, task, first, second);
          if (second < rounds.blocks) { visit(first, second, memory + lane * size); }
        }
      });
    }
  }

  /// sums += terms of all pairs.
  template <class Derived, class Terms>
  void add_terms(Derived const& policy, Acc* memory, Terms terms, row_numbers constants,
                 row_numbers sums) const {
    for_each_task(policy, memory, [=, *this](index_t a, index_t b, Acc* mine) {
      for_each_panel(a, b, mine, [&](panel_type const& at, bool) {
        if (a == b) {
          add_pair_terms<pair_owners::row>(at, relation_, terms, constants, sums);
        } else {
          add_pair_terms<pair_owners::both>(at, relation_, terms, constants, sums);
        }
      });
    });
  }

  /// sums += terms of all pairs, gradient [rows, padded width] += d loss / d prepared rows; `own`
  /// as for pair_slopes().
  template <class Derived, class Terms, class Law, class Memory>
  void add_terms_and_gradient(Derived const& policy, Acc* memory, Terms terms, Law law,
                              double scale, Memory of) const {
    for_each_task(policy, memory, [=, *this](index_t a, index_t b, Acc* mine) {
      for_each_panel(a, b, mine, [&](panel_type const& at, bool has_close) {
        if (a == b) {
          add_pair_terms<pair_owners::row>(at, relation_, terms, of.constants, of.sums);
          slopes<pair_owners::ordered>(at, has_close, law, scale, of);
        } else {
          add_pair_terms<pair_owners::both>(at, relation_, terms, of.constants, of.sums);
          slopes<pair_owners::both>(at, has_close, law, scale, of);
        }
        add_slopes_times_rows(at, student_, at.column, of.gradient);
      });
      if (a != b) { add_to_columns(a, b, mine, of.gradient); }
    });
  }

  /// As bank_pairs::visit_panels(). Pairs of one block are visited in both orders, all others once;
  /// wanted() decides on whole blocks.
  template <class Derived, class Wanted, class Visit>
  void visit_panels(Derived const& policy, Acc* memory, Acc* gradient, Wanted wanted,
                    Visit visit) const {
    for_each_task(policy, memory, [=, *this](index_t a, index_t b, Acc* mine) {
      if (!wanted(rounds_.begin(a), rounds_.end(a), rounds_.begin(b), rounds_.end(b))) { return; }
      for_each_panel(a, b, mine, [&](panel_type const& at, bool) {
        visit(at);
        if (gradient != nullptr) { add_slopes_times_rows(at, student_, at.column, gradient); }
      });
      if (gradient != nullptr && a != b) { add_to_columns(a, b, mine, gradient); }
    });
  }

 private:
  /// visit(panel) for the panels of block a beside block b, with their relations.
  template <class Visit>
  void for_each_panel(index_t a, index_t b, Acc* memory, Visit visit) const {
    index_t const column = rounds_.begin(b), count = rounds_.end(b) - column;
    for (index_t row = rounds_.begin(a); row < rounds_.end(a); row += panel) {
      Acc* const products = memory + (row - rounds_.begin(a)) * rounds_.block;
      Acc* const of_teacher = memory + rounds_.block * rounds_.block;
      bool const has_close = relate(student_, student_rows_, row, column, count, products);
      relate(teacher_, teacher_rows_, row, column, count, of_teacher);
      visit(panel_type{products, of_teacher, row, column, count, &mask_}, has_close);
    }
  }

  template <pair_owners Owners, class Law, class Memory>
  void slopes(panel_type const& at, bool has_close, Law const& law, double scale,
              Memory const& of) const {
    if constexpr (Relation::pulls_itself) {
      if (has_close) {
        add_close_pairs<Owners>(at, rows_of(student_, student_rows_, at.row, at.column), relation_,
                                law, scale, of.constants, of.gradient, student_.padded_width());
      }
    }
    pair_slopes<Owners>(at, relation_, law, scale, of.constants, of.own);
  }

  template <class E>
  static panel_rows<Acc, E, E> rows_of(packed_side<Acc> const& side, matrix_view<E const> data,
                                       index_t row, index_t column) {
    return {side, side, row, column, data, data, column};
  }

  template <class E>
  bool relate(packed_side<Acc> const& side, matrix_view<E const> data, index_t row, index_t column,
              index_t count, Acc* z) const {
    panel_products(side, column, count, side, row, z);
    return relation_.find(z, count, rows_of(side, data, row, column));
  }

  /// The gradients of block b's rows += slopes times the rows of block a.
  void add_to_columns(index_t a, index_t b, Acc const* slopes, Acc* gradient) const {
    index_t const width = student_.padded_width(), column = rounds_.begin(b);
    index_t const depth = rounded_up(rounds_.end(a) - rounds_.begin(a), panel);
    for (index_t j = 0; j < width; j += panel) {
      for (index_t r = 0; column + r < rounds_.end(b); r += product_rows) {
        panel_product<left_side::rows>(depth, slopes + r * panel, rounds_.block * panel,
                                       student_.row_panel(rounds_.begin(a), j / panel),
                                       gradient + (column + r) * width + j, width, true);
      }
    }
  }

  block_rounds rounds_;
  matrix_view<S const> student_rows_;
  matrix_view<T const> teacher_rows_;
  packed_side<Acc> student_, teacher_;
  Relation relation_;
  pair_mask<Keep> mask_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
