// SPDX-License-Identifier: Apache-2.0
// coupleface: all pairs of a batch with the rows of a bank, host side.
//
// The bank is packed block by block; each lane takes panels of the batch's rows and multiplies them
// by the whole block. A row's sums and gradient are added by one lane, in the order of the bank.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/pairs/close_pairs.hpp>
#include <coupleface/detail/pairs/law_terms.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Bank rows packed together, and of these multiplied together.
inline constexpr index_t bank_block = 1024, bank_tile = 128;

/// A bank and the memory of one packed block of it.
template <class H, class Packed, class Keep>
struct bank_side {
  matrix_view<H const> bank;
  Packed const& block;
  double const* mean;  ///< subtracted from distances' rows, else not read
  is_column_kept<Keep> is_kept;

  template <class Derived>
  auto pack(Derived const& policy, index_t first) const {
    block.pack(policy, bank, first, mean, is_kept);
    return block.side();
  }
};

/// The batch's rows, as the caller passed them and packed.
template <class Acc, class E>
struct batch_side {
  using accumulator = Acc;
  matrix_view<E const> data;
  packed_side<Acc> packed;
};

/// Every panel is wanted.
struct every_panel {
  bool operator()(index_t, index_t, index_t, index_t) const { return true; }
};

/// Walks over all pairs of a batch with a bank.
template <class Derived, class Student, class Teacher, class StudentBank, class TeacherBank,
          class Relation, class Keep>
class bank_pairs {
 public:
  using Acc = typename Student::accumulator;
  using panel_type = pair_panel<Acc, Keep>;
  static constexpr index_t panel = panel_width<Acc>;
  static constexpr index_t most_lanes = 32;

  bank_pairs(Student student, Teacher teacher, StudentBank student_bank, TeacherBank teacher_bank,
             Relation relation, pair_mask<Keep> mask)
      : student_(student),
        teacher_(teacher),
        student_bank_(student_bank),
        teacher_bank_(teacher_bank),
        relation_(relation),
        mask_(mask) {}

  index_t lanes() const { return lane_count(rounded_up_quotient(rows(), panel), most_lanes); }
  index_t lane_size() const { return 2 * bank_tile * panel; }
  index_t rows() const { return mask_.rows; }

  template <class Terms>
  void add_terms(Derived const& policy, Acc* memory, Terms terms, row_numbers constants,
                 row_numbers sums) const {
    for_each_panel(policy, memory, every_panel{},
                   [=](panel_type const& at, Relation const& relation, auto const&, bool) {
                     add_pair_terms<pair_owners::row>(at, relation, terms, constants, sums);
                   });
  }

  template <class Terms, class Law, class Memory>
  void add_terms_and_gradient(Derived const& policy, Acc* memory, Terms terms, Law law,
                              double scale, Memory of) const {
    index_t const width = student_.packed.padded_width();
    for_each_panel(
        policy, memory, every_panel{},
        [=](panel_type const& at, Relation const& relation, auto const& rows, bool has_close) {
          add_pair_terms<pair_owners::row>(at, relation, terms, of.constants, of.sums);
          if constexpr (Relation::pulls_itself) {
            if (has_close) {
              add_close_pairs<pair_owners::row>(at, rows, relation, law, scale, of.constants,
                                                of.gradient, width);
            }
          }
          pair_slopes<pair_owners::row>(at, relation, law, scale, of.constants, of.own);
          add_slopes_times_rows(at, rows.columns, rows.column, of.gradient);
        });
  }

  /// visit(panel) for each panel that wanted(row, end of rows, column, end of columns); if there is
  /// a gradient, visit leaves slopes in place of the student's products.
  template <class Wanted, class Visit>
  void visit_panels(Derived const& policy, Acc* memory, Acc* gradient, Wanted wanted,
                    Visit visit) const {
    for_each_panel(policy, memory, wanted,
                   [=](panel_type const& at, Relation const&, auto const& rows, bool) {
                     visit(at);
                     if (gradient != nullptr) {
                       add_slopes_times_rows(at, rows.columns, rows.column, gradient);
                     }
                   });
  }

 private:
  /// z = relations of a panel; returns whether some rows are close.
  template <class Rows>
  static bool relate(Rows const& of, Relation const& relation, index_t count, Acc* z) {
    panel_products(of.columns, of.column, count, of.rows, of.row, z);
    return relation.find(z, count, of);
  }

  /// visit(panel, relation, rows, whether some are close) for all wanted panels.
  template <class Wanted, class Visit>
  void for_each_panel(Derived const& policy, Acc* memory, Wanted wanted, Visit visit) const {
    index_t const lanes = this->lanes(), size = lane_size(), bank_rows = mask_.columns;
    for (index_t first = 0; first < bank_rows; first += bank_block) {
      index_t const count = std::min(bank_block, bank_rows - first);
      auto const student_rows = rows_of(policy, student_, student_bank_, first);
      auto const teacher_rows = rows_of(policy, teacher_, teacher_bank_, first);
      for_each_index(policy, lanes, [=, relation = relation_, mask = mask_](index_t lane) {
        Acc *const mine = memory + lane * size, *const of_teacher = mine + bank_tile * panel;
        auto student = student_rows;
        auto teacher = teacher_rows;
        for (index_t row = lane * panel; row < mask.rows; row += lanes * panel) {
          for (index_t at = 0; at < count; at += bank_tile) {
            index_t const used = std::min(bank_tile, count - at);
            if (!wanted(row, row + panel, first + at, first + at + used)) { continue; }
            student.row = teacher.row = row;
            student.column = teacher.column = at;
            student.data_column = teacher.data_column = first + at;
            bool const has_close = relate(student, relation, used, mine);
            relate(teacher, relation, used, of_teacher);
            visit(panel_type{mine, of_teacher, row, first + at, used, &mask}, relation, student,
                  has_close);
          }
        }
      });
    }
  }

  template <class E, class H, class Packed>
  static panel_rows<Acc, E, H> rows_of(Derived const& policy, batch_side<Acc, E> const& batch,
                                       bank_side<H, Packed, Keep> const& bank, index_t first) {
    return {batch.packed, bank.pack(policy, first), 0, 0, batch.data, bank.bank, first};
  }

  Student student_;
  Teacher teacher_;
  StudentBank student_bank_;
  TeacherBank teacher_bank_;
  Relation relation_;
  pair_mask<Keep> mask_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
