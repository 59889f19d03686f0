// SPDX-License-Identifier: Apache-2.0
// coupleface: gaps between a student's and a teacher's relations to bank rows, host side.
#pragma once

#include <coupleface/detail/losses/neighbour_cursor.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/losses/rad_rows.hpp>

#include <algorithm>
#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Takes the place of the teacher's bank if teacher and student share one.
struct shared_bank {};

/// The gaps R(student) - R(teacher) over one sample's neighbours.
template <class S, class T, class H, class TeacherBank>
class relation_gaps {
 public:
  /// Rows of doubles needed per sample.
  static constexpr index_t wide_rows = 0;

  relation_gaps(row<S> const& student, row<T> const& teacher, matrix_view<H const> student_bank,
                TeacherBank teacher_bank, double*, index_t)
      : s_(student), t_(teacher), student_bank_(student_bank), teacher_bank_(teacher_bank) {}

  /// The gap of each bank row of a batch, and its norm in the student's bank; prefetches the rows
  /// of the batch `soon`.
  void operator()(neighbour_batch const& batch, neighbour_batch const& soon,
                  double (&gaps)[gathered_batch], double (&norms)[gathered_batch]) const {
    for (int r = 0; r < batch.count; ++r) {
      if (r < soon.count) { prefetch(soon.ids[r], teacher_bank_); }
      index_t const c = batch.ids[r];
      auto const h = make_row(student_bank_.row(c), s_.width);
      norms[r] = h.norm;
      gaps[r] = row_cosine(s_, h) - row_cosine(t_, teacher_row(c, h, teacher_bank_));
    }
  }

 private:
  static row<H> const& teacher_row(index_t, row<H> const& h, shared_bank) { return h; }
  template <class B>
  static auto teacher_row(index_t c, row<H> const&, matrix_view<B> bank) {
    return make_row(bank.row(c), bank.extent(1));
  }

  // Always inlined, as prefetch_line() is.
  COUPLEFACE_ALWAYS_INLINE void prefetch(index_t c, shared_bank) const {
    prefetch_row<cache_level::second>(student_bank_.row(c), s_.width);
  }
  template <class B>
  COUPLEFACE_ALWAYS_INLINE void prefetch(index_t c, matrix_view<B> bank) const {
    prefetch(c, shared_bank{});
    prefetch_row<cache_level::second>(bank.row(c), bank.extent(1));
  }

  row<S> const& s_;
  row<T> const& t_;
  matrix_view<H const> student_bank_;
  TeacherBank teacher_bank_;
};

/// Bit for bit the same: one pass over a bank row gives both relations and its norm. The student's
/// and teacher's rows are widened once for all neighbours.
template <>
class relation_gaps<float, float, float, shared_bank> {
 public:
  static constexpr index_t wide_rows = 2;

  relation_gaps(row<float> const& student, row<float> const& teacher, matrix_view<float const> bank,
                shared_bank, double* wide, index_t row_size)
      : s_(student), t_(teacher), bank_(bank), wide_s_(wide), wide_t_(wide + row_size) {
    std::copy(s_.data, s_.data + s_.width, wide_s_);
    std::copy(t_.data, t_.data + t_.width, wide_t_);
  }

  void operator()(neighbour_batch const& batch, neighbour_batch const& soon,
                  double (&gaps)[gathered_batch], double (&norms)[gathered_batch]) const {
    index_t const width = s_.width;
    for (int r = 0; r < batch.count; r += widened_rows) {
      // The last row is repeated to fill the group.
      float const *rows[widened_rows], *rows_soon[widened_rows];
      for (int p = 0; p < widened_rows; ++p) {
        rows[p] = bank_.row(batch.ids[std::min(r + p, batch.count - 1)]);
        rows_soon[p] = r + p < soon.count ? bank_.row(soon.ids[r + p]) : rows[p];
      }
      double inner[widened_rows][3];
      widened_dots(rows, wide_s_, wide_t_, width, inner, rows_soon);
      for (int p = 0; p < widened_rows && r + p < batch.count; ++p) {
        norms[r + p] = std::sqrt(inner[p][2]);
        gaps[r + p] = cosine_of(s_.data, s_.norm, rows[p], norms[r + p], width, inner[p][0]) -
                      cosine_of(t_.data, t_.norm, rows[p], norms[r + p], width, inner[p][1]);
      }
    }
    for (int r = batch.count; r < soon.count; ++r) {
      prefetch_row<cache_level::second>(bank_.row(soon.ids[r]), width);
    }
  }

 private:
  row<float> const& s_;
  row<float> const& t_;
  matrix_view<float const> bank_;
  double* wide_s_;
  double* wide_t_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
