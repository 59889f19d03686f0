// SPDX-License-Identifier: Apache-2.0
// coupleface: all pairs of a batch with the rows of a bank, host side.
//
// The bank is packed block by block; each lane takes panels of the batch's rows and multiplies them
// by the whole block. A row's sums and gradient are added by one lane, in the order of the bank.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/pairs/law_terms.hpp>
#include <coupleface/detail/pairs/pair_rows.hpp>
#include <coupleface/detail/scratch.hpp>

#include <algorithm>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Bank rows packed together, and of these multiplied together.
inline constexpr index_t bank_block = 1024, bank_tile = 128;

/// A bank and the memory of one packed block of it.
template <class H, class Packed>
struct bank_side {
  matrix_view<H const> bank;
  Packed const& block;
  double const* mean;  ///< subtracted from distances' rows, else not read

  template <class Derived>
  auto pack(Derived const& policy, index_t first) const {
    block.pack(policy, bank, first, mean);
    return block.side();
  }
};

/// Walks over all pairs of a batch with a bank: a bank_side for the student's rows, and one for the
/// teacher's.
template <class Acc, class Relation, class StudentBank, class TeacherBank, class Keep,
          class Derived>
class bank_pairs {
 public:
  using panel_type = pair_panel<Acc, Keep>;
  static constexpr index_t panel = panel_width<Acc>;
  static constexpr index_t most_lanes = 32;
  bank_pairs(index_t rows, packed_side<Acc> student, packed_side<Acc> teacher,
             StudentBank student_bank, TeacherBank teacher_bank, Relation relation,
             pair_mask<Keep> mask)
      : rows_(rows),
        student_(student),
        teacher_(teacher),
        student_bank_(student_bank),
        teacher_bank_(teacher_bank),
        relation_(relation),
        mask_(mask) {}

  index_t lanes() const { return lane_count(rounded_up_quotient(rows_, panel), most_lanes); }
  index_t lane_size() const { return 2 * bank_tile * panel; }
  index_t rows() const { return rows_; }

  template <class Terms>
  void add_terms(Derived const& policy, Acc* memory, Terms terms, row_numbers constants,
                 row_numbers sums) const {
    for_each_panel(policy, memory, [=](panel_type const& at, auto const& walk) {
      add_pair_terms<pair_owners::row>(at, walk.relation, terms, constants, sums);
    });
  }

  template <class Law>
  void add_gradient(Derived const& policy, Acc* memory, Law law, double scale,
                    row_numbers constants, row_numbers own, Acc* gradient) const {
    for_each_panel(policy, memory, [=](panel_type const& at, auto const& walk) {
      pair_slopes<pair_owners::row>(at, walk.relation, law, scale, constants, own);
      walk.add_to_rows(at, gradient);
    });
  }

 private:
  /// What a lane needs; copied to it.
  struct block_walk {
    packed_side<Acc> student, teacher, student_block, teacher_block;
    Relation relation;
    pair_mask<Keep> mask;
    index_t first;  ///< bank row of the block's first

    void relate(packed_side<Acc> const& side, packed_side<Acc> const& block, index_t row,
                index_t at, index_t count, Acc* z) const {
      for (index_t j = 0; j < count; j += product_rows) {
        panel_product<left_side::rows>(side.width, block.rows_from(at + j), block.next * panel,
                                       side.columns_from(row), z + j * panel, panel, false);
      }
      relation.find(z, count, side, row, block, at);
    }

    void add_to_rows(panel_type const& at, Acc* gradient) const {
      index_t const width = student.padded_width();
      for (index_t j = 0; j < width; j += panel) {
        for (index_t l = 0; l < panel && at.row + l < mask.rows; l += product_rows) {
          panel_product<left_side::columns>(
              at.count, at.student + l, 0,
              student_block.rows_from(j / panel * student_block.next + at.column - first),
              gradient + (at.row + l) * width + j, width, true);
        }
      }
    }
  };

  template <class Visit>
  void for_each_panel(Derived const& policy, Acc* memory, Visit visit) const {
    index_t const lanes = this->lanes(), size = lane_size(), rows = rows_;
    index_t const bank_rows = student_bank_.bank.extent(0);
    for (index_t first = 0; first < bank_rows; first += bank_block) {
      index_t const count = std::min(bank_block, bank_rows - first);
      block_walk const walk{student_,
                            teacher_,
                            student_bank_.pack(policy, first),
                            teacher_bank_.pack(policy, first),
                            relation_,
                            mask_,
                            first};
      for_each_index(policy, lanes, [=](index_t lane) {
        Acc *const mine = memory + lane * size, *const of_teacher = mine + bank_tile * panel;
        for (index_t row = lane * panel; row < rows; row += lanes * panel) {
          for (index_t at = 0; at < count; at += bank_tile) {
            index_t const used = std::min(bank_tile, count - at);
            walk.relate(walk.student, walk.student_block, row, at, used, mine);
            walk.relate(walk.teacher, walk.teacher_block, row, at, used, of_teacher);
            visit(panel_type{mine, of_teacher, row, first + at, used, &walk.mask}, walk);
          }
        }
      });
    }
  }

  index_t rows_;
  packed_side<Acc> student_, teacher_;
  StudentBank student_bank_;
  TeacherBank teacher_bank_;
  Relation relation_;
  pair_mask<Keep> mask_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
