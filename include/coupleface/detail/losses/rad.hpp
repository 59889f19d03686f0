// coupleface: RAD, one student row at a time, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/gathered_rows.hpp>
#include <coupleface/detail/losses/neighbours.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/settings.hpp>
#include <coupleface/detail/simd/dots.hpp>
#include <coupleface/detail/simd/prefetch.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/error.hpp>
#include <coupleface/settings/penalty.hpp>

#include <algorithm>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Penalty>
using enable_if_penalty =
    std::enable_if_t<(sizeof(std::declval<Penalty const&>()(0.0).slope) > 0), int>;

template <class Policy, class S, class T, class H, class B, class N, class L>
void check_rad_arguments(matrix_view<S> student, matrix_view<T> teacher,
                         matrix_view<H> student_bank, matrix_view<B> teacher_bank, N neighbours,
                         scalar_view<L> loss) {
  constexpr char const* function = "rad_loss";
  COUPLEFACE_EXPECT_POLICY("rad_loss", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "student", S);
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "teacher", T);
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "student_bank", H);
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "bank", B);
  static_assert(std::is_same_v<L, float> || std::is_same_v<L, double>,
                "coupleface::rad_loss: loss must be a view of float or double");
  expect_view(function, "student", student);
  expect_view(function, "teacher", teacher);
  expect_view(function, "student_bank", student_bank);
  expect_view(function, "bank", teacher_bank);
  expect_view(function, "loss", loss);
  expect_equal(function, "rows of teacher", teacher.extent(0), "rows of student",
               student.extent(0));
  expect_equal(function, "width of the student's bank", student_bank.extent(1), "width of student",
               student.extent(1));
  expect_equal(function, "width of the teacher's bank", teacher_bank.extent(1), "width of teacher",
               teacher.extent(1));
  expect_equal(function, "rows of the student's bank", student_bank.extent(0),
               "rows of the teacher's bank", teacher_bank.extent(0));
  as_neighbours(neighbours).expect_views(function);
  expect_equal(function, "samples of neighbours", as_neighbours(neighbours).samples(),
               "rows of student", student.extent(0));
}

template <class S, class G>
void check_rad_gradient(matrix_view<S> student, matrix_view<G> student_gradient) {
  COUPLEFACE_EXPECT_ELEMENTS("rad_loss", "student_gradient", G);
  COUPLEFACE_EXPECT_OUTPUT("rad_loss", "student_gradient", G);
  expect_same_shape("rad_loss", "student_gradient", student_gradient, "student", student);
}

/// Stands for the teacher's bank where it is the student's too.
struct shared_bank {};

/// One sample against its neighbours. The gathered rows are read from memory once: the gradient
/// takes them while they are still in a near cache.
template <class S, class T, class H, class TeacherBank, class Neighbours, class Penalty>
struct rad_sample {
  matrix_view<S> student;
  matrix_view<T> teacher;
  matrix_view<H> student_bank;
  TeacherBank teacher_bank;
  Neighbours neighbours;
  Penalty penalty;

  using bank_element = std::remove_const_t<H>;
  static constexpr bool one_bank = std::is_same_v<TeacherBank, shared_bank>;
  /// One pass over a bank row then gives both relations and its norm, from rows widened before.
  static constexpr bool widens =
      COUPLEFACE_FMA_VECTORS && one_bank && std::is_same_v<std::remove_const_t<S>, float> &&
      std::is_same_v<std::remove_const_t<T>, float> && std::is_same_v<bank_element, float>;
  /// The student's and the teacher's row in double: rows that a call needs beside the direction.
  struct wide_pair {
    double* s;
    double* t;
  };
  static constexpr index_t wide_rows = widens ? 2 : 0;

  /// Up to gathered_batch valid neighbours of sample i from the k-th on; k moves behind them.
  struct batch {
    index_t ids[gathered_batch];
    int count = 0;
  };
  batch next_batch(index_t i, index_t& k) const {
    batch b;
    for (; k < neighbours.count(i) && b.count < gathered_batch; ++k) {
      index_t const c = index_t(neighbours.begin(i)[k]);
      b.ids[b.count] = c;
      b.count += int(c >= 0);
    }
    return b;
  }

  /// Sum of the penalties; with `direction` [d_s] also the sum of slope times unit bank row.
  double operator()(index_t i, double* direction, wide_pair wide) const {
    index_t const width = student_bank.extent(1);
    auto const s = make_row(student.row(i), student.extent(1));
    auto const t = make_row(teacher.row(i), teacher.extent(1));
    if constexpr (widens) {
      std::copy(s.data, s.data + s.width, wide.s);
      std::copy(t.data, t.data + t.width, wide.t);
    }
    pending_rows<bank_element> pending(width);
    double sum = 0;
    index_t k = 0;
    for (batch now = next_batch(i, k), next; now.count > 0; now = next) {
      next = next_batch(i, k);
      index_t next_begin = 0;
      bool const is_last = next.count == 0 && i + 1 < neighbours.samples();
      batch const soon = is_last ? next_batch(i + 1, next_begin) : next;
      double gaps[gathered_batch] = {}, norms[gathered_batch];
      relation_gaps(s, t, now, soon, wide, gaps, norms);
      double values[gathered_batch], slopes[gathered_batch];
      for (int r = 0; r < gathered_batch; ++r) {
        penalty_value const p = penalty(gaps[r]);
        values[r] = p.value, slopes[r] = p.slope;
      }
      for (int r = 0; r < now.count; ++r) { sum += values[r]; }
      if (direction != nullptr) {
        for (int r = 0; r < now.count; ++r) {
          pending.append(student_bank.row(now.ids[r]),
                         slopes[r] * inverse_norm<bank_element>(norms[r]), slopes[r] != 0);
        }
        pending.add_groups(direction);
      }
    }
    if (direction != nullptr) { pending.add_rest(direction); }
    return sum;
  }

 private:
  /// The teacher's row for bank row c, whose student's row is h.
  template <class HRow>
  auto teacher_row([[maybe_unused]] index_t c, HRow const& h) const {
    if constexpr (one_bank) {
      return h;
    } else {
      return make_row(teacher_bank.row(c), teacher_bank.extent(1));
    }
  }

  /// Relations of the student's row to bank rows minus the teacher's, and the rows' norms. Asks for
  /// the rows of the batch that comes next.
  template <class SRow, class TRow>
  void relation_gaps(SRow const& s, TRow const& t, batch const& b, batch const& soon,
                     [[maybe_unused]] wide_pair wide, double (&gaps)[gathered_batch],
                     double (&norms)[gathered_batch]) const {
    index_t const width = student_bank.extent(1);
#if COUPLEFACE_FMA_VECTORS
    if constexpr (widens) {
      for (int r = 0; r < b.count; r += widened_rows) {
        // Beyond the last row it is taken again.
        bank_element const *rows[widened_rows], *rows_soon[widened_rows];
        for (int p = 0; p < widened_rows; ++p) {
          rows[p] = student_bank.row(b.ids[std::min(r + p, b.count - 1)]);
          rows_soon[p] = r + p < soon.count ? student_bank.row(soon.ids[r + p]) : rows[p];
        }
        double inner[widened_rows][3];
        widened_dots(rows, wide.s, wide.t, width, inner, rows_soon);
        for (int p = 0; p < widened_rows && r + p < b.count; ++p) {
          norms[r + p] = std::sqrt(inner[p][2]);
          gaps[r + p] = cosine_of(s.data, s.norm, rows[p], norms[r + p], width, inner[p][0]) -
                        cosine_of(t.data, t.norm, rows[p], norms[r + p], width, inner[p][1]);
        }
      }
      for (int r = b.count; r < soon.count; ++r) {
        prefetch_row<cache_level::second>(student_bank.row(soon.ids[r]), width);
      }
      return;
    }
#endif
    for (int r = 0; r < b.count; ++r) {
      if (r < soon.count) {
        prefetch_row<cache_level::second>(student_bank.row(soon.ids[r]), width);
        if constexpr (!one_bank) {
          prefetch_row<cache_level::second>(teacher_bank.row(soon.ids[r]), teacher_bank.extent(1));
        }
      }
      row<bank_element> const h = make_row(student_bank.row(b.ids[r]), width);
      norms[r] = h.norm;
      gaps[r] = row_cosine(s, h) - row_cosine(t, teacher_row(b.ids[r], h));
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
  constexpr bool with_gradient = !std::is_same_v<Gradient, no_gradient>;
  index_t const n = student.extent(0);
  index_t const width = student.extent(1);
  index_t const lanes = lane_count(n);
  index_t const pairs = count_pairs(neighbours);
  double const mean = pairs == 0 ? 0.0 : 1.0 / double(pairs);
  scratch<double, Derived> const row_losses(policy, n);
  using sample_type = rad_sample<S, T, H, TeacherBank, decltype(neighbours), Penalty>;
  using memory = line_scratch<double, Derived>;
  index_t const row_size = rounded_up(width, memory::line);
  index_t const lane_size = (index_t(with_gradient) + sample_type::wide_rows) * row_size;
  memory const rows(policy, lanes * lane_size);
  double* const terms = row_losses.data();
  double* const row_data = rows.data();
  sample_type const sample{student, teacher, student_bank, teacher_bank, neighbours, penalty};
  for_each_index(policy, lanes, [=](index_t lane) {
    double* const wide = row_data + lane * lane_size;
    double* const direction = with_gradient ? wide + sample_type::wide_rows * row_size : nullptr;
    typename sample_type::wide_pair const rows_of_pair{
        wide, sample_type::wide_rows > 0 ? wide + row_size : nullptr};
    for (index_t i = lane_begin(lane, lanes, n); i < lane_begin(lane + 1, lanes, n); ++i) {
      if constexpr (with_gradient) { std::fill(direction, direction + width, 0.0); }
      terms[i] = sample(i, direction, rows_of_pair);
      if constexpr (with_gradient) {
        // A row that takes part in no pair gets 0, even if it is not finite.
        double const norm = neighbours.has_any(i) ? row_norm(student.row(i), width) : 0.0;
        project_gradient(student.row(i), norm, direction, mean, gradient.row(i), width);
      }
    }
  });
  store_sum(policy, terms, pairs == 0 ? 0 : n, mean, loss.data_handle());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/losses/rad.cuh>
#endif
