// SPDX-License-Identifier: Apache-2.0
// coupleface: RAD, one student row at a time, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/gathered_rows.hpp>
#include <coupleface/detail/losses/neighbour_cursor.hpp>
#include <coupleface/detail/losses/neighbours.hpp>
#include <coupleface/detail/losses/relation_gaps.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/settings.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/settings/penalty.hpp>

#include <algorithm>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// One sample against its neighbours. The gathered rows are read from memory once: the gradient
/// reads them while they are still in a near cache.
template <class S, class T, class H, class TeacherBank, class Neighbours, class Penalty>
struct rad_sample {
  matrix_view<S> student;
  matrix_view<T> teacher;
  matrix_view<H> student_bank;
  TeacherBank teacher_bank;
  Neighbours neighbours;
  Penalty penalty;

  using bank_element = std::remove_const_t<H>;
  using gaps_type =
      relation_gaps<std::remove_const_t<S>, std::remove_const_t<T>, bank_element, TeacherBank>;

  /// Sum of the penalties; with `direction` [d_s] also the sum of slope times unit bank row. `wide`
  /// points to gaps_type::wide_rows rows of doubles, `row_size` apart.
  double operator()(index_t i, double* direction, double* wide, index_t row_size) const {
    auto const s = make_row(student.row(i), student.extent(1));
    auto const t = make_row(teacher.row(i), teacher.extent(1));
    gaps_type const find_gaps(s, t, student_bank, teacher_bank, wide, row_size);
    pending_rows<bank_element> pending(s.width);
    double sum = 0;
    for (neighbour_cursor<Neighbours> batch(neighbours, i); !batch.at_end(); batch.advance()) {
      double gaps[gathered_batch] = {}, norms[gathered_batch];
      find_gaps(batch.now(), batch.soon(), gaps, norms);
      double values[gathered_batch], slopes[gathered_batch];
      for (int r = 0; r < gathered_batch; ++r) {
        penalty_value p = penalty(gaps[r]);
        COUPLEFACE_KEEP_ROUNDED(p.value);  // a product must not be fused with the sum below
        values[r] = p.value, slopes[r] = p.slope;
      }
      int const count = batch.now().count;
      for (int r = 0; r < count; ++r) { sum += values[r]; }
      if (direction == nullptr) { continue; }
      for (int r = 0; r < count; ++r) {
        pending.append(student_bank.row(batch.now().ids[r]),
                       slopes[r] * inverse_norm<bank_element>(norms[r]), slopes[r] != 0);
      }
      pending.add_groups(direction);
    }
    if (direction != nullptr) { pending.add_rest(direction); }
    return sum;
  }
};

/// The samples of a lane: their sums of penalties and, unless it is no_gradient, their gradients.
template <class Sample, class Gradient>
struct rad_lane {
  static constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  /// Rows of doubles per lane: those of relation_gaps, and the direction for a gradient.
  static constexpr index_t rows_of_lane = Sample::gaps_type::wide_rows + index_t(with_gradient);

  Sample sample;
  Gradient gradient;
  double mean;  ///< 1 / pairs
  double* terms;
  double* rows;
  index_t row_size, lanes;

  void operator()(index_t lane) const {
    index_t const n = sample.student.extent(0), width = sample.student.extent(1);
    double* const wide = rows + lane * rows_of_lane * row_size;
    double* const direction = with_gradient ? wide + (rows_of_lane - 1) * row_size : nullptr;
    for (index_t i = lane_begin(lane, lanes, n); i < lane_begin(lane + 1, lanes, n); ++i) {
      if constexpr (with_gradient) { std::fill(direction, direction + width, 0.0); }
      terms[i] = sample(i, direction, wide, row_size);
      if constexpr (with_gradient) {
        // A row without pairs gets 0, even if it is not finite.
        auto const* const s = sample.student.row(i);
        double const norm = sample.neighbours.has_any(i) ? row_norm(s, width) : 0.0;
        project_gradient(s, norm, direction, mean, gradient.row(i), width);
      }
    }
  }
};

template <class Derived, class S, class T, class H, class TeacherBank, class N, class L,
          class Gradient, class Penalty>
void rad_loss(host_policy<Derived> const& base, matrix_view<S> student, matrix_view<T> teacher,
              matrix_view<H> student_bank, TeacherBank teacher_bank, N neighbours_argument,
              scalar_view<L> loss, Gradient gradient, Penalty penalty) {
  auto const& policy = static_cast<Derived const&>(base);
  auto const neighbours = as_neighbours(neighbours_argument);
  expect_valid("rad_loss", "a setting of the penalty is out of range", penalty);
  neighbours.expect_in_range("rad_loss", student_bank.extent(0));
  using sample_type = rad_sample<S, T, H, TeacherBank, decltype(neighbours), Penalty>;
  using lane_type = rad_lane<sample_type, Gradient>;
  using memory = line_scratch<double, Derived>;
  index_t const n = student.extent(0), lanes = lane_count(n);
  index_t const pairs = count_pairs(neighbours);
  double const mean = pairs == 0 ? 0.0 : 1.0 / double(pairs);
  index_t const row_size = rounded_up(student.extent(1), memory::line);
  scratch<double, Derived> const terms(policy, n);
  memory const rows(policy, lanes * lane_type::rows_of_lane * row_size);
  sample_type const sample{student, teacher, student_bank, teacher_bank, neighbours, penalty};
  for_each_index(policy, lanes,
                 lane_type{sample, gradient, mean, terms.data(), rows.data(), row_size, lanes});
  store_sum(policy, terms.data(), pairs == 0 ? 0 : n, mean, loss.data_handle());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/losses/rad.cuh>
#endif
