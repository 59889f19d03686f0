// SPDX-License-Identifier: Apache-2.0
// coupleface: all pairs on a CUDA device, tile by tile, with memory for the relations of one tile.
#pragma once

#include <coupleface/detail/cuda/pairs/pair_rows.cuh>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Pairs whose relations are held at once: 8 MiB a side in float.
inline constexpr index_t law_tile_rows = 1024, law_tile_columns = 2048;

/// Student and Teacher: device_side.
template <class Derived, class Student, class Teacher, class Keep>
class tile_walk {
 public:
  using accumulator = typename Student::accumulator;
  using tile_type = law_tile<Student::in_batch, Keep>;

  tile_walk(Derived const& policy, Student const& student, Teacher const& teacher,
            pair_mask<Keep> mask)
      : student_(student),
        teacher_(teacher),
        mask_(mask),
        tile_size_(smaller(law_tile_rows, mask.rows) * smaller(law_tile_columns, mask.columns)),
        relations_(policy, 2 * tile_size_) {}

  /// [rows, columns] of the tile that is visited. A visit in the last walk may write over them.
  accumulator* of_student() const { return relations_.data(); }
  accumulator* of_teacher() const { return relations_.data() + tile_size_; }

  /// visit(tile) with its relations. Those of a single tile stay from walk to walk.
  template <class Visit>
  void for_each_tile(Visit visit) {
    for_each_tile_if([](tile_type const&) { return true; }, visit);
  }

  /// The same for the tiles for which wanted(tile).
  template <class Wanted, class Visit>
  void for_each_tile_if(Wanted wanted, Visit visit) {
    for (index_t column = 0; column < mask_.columns; column += law_tile_columns) {
      index_t const columns = smaller(law_tile_columns, mask_.columns - column);
      if (!is_held_) {
        student_.prepare_block(column, columns);
        teacher_.prepare_block(column, columns);
      }
      for (index_t row = 0; row < mask_.rows; row += law_tile_rows) {
        tile_type const tile{row, column, smaller(law_tile_rows, mask_.rows - row), columns,
                             mask_.keep};
        if (!wanted(tile)) { continue; }
        if (!is_held_) {
          student_.relate(tile, of_student());
          teacher_.relate(tile, of_teacher());
          is_held_ = mask_.rows <= law_tile_rows && mask_.columns <= law_tile_columns;
        }
        visit(tile);
      }
    }
  }

 private:
  Student const& student_;
  Teacher const& teacher_;
  pair_mask<Keep> mask_;
  index_t tile_size_;
  bool is_held_ = false;
  scratch<accumulator, Derived> relations_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
