// coupleface: RAD, one student row at a time, host side.
#pragma once

#include <coupleface/detail/dots.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/losses/neighbours.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/settings.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/detail/vectors.hpp>
#include <coupleface/error.hpp>
#include <coupleface/losses/penalty.hpp>

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
/// takes them while they are still in the nearest cache.
template <class S, class T, class H, class TeacherBank, class Neighbours, class Penalty>
struct rad_sample {
  matrix_view<S> student;
  matrix_view<T> teacher;
  matrix_view<H> student_bank;
  TeacherBank teacher_bank;
  Neighbours neighbours;
  Penalty penalty;

  /// Sum of the penalties; with `direction` [d_s] also the sum of slope times unit bank row.
  COUPLEFACE_HOST_DEVICE double operator()(index_t i, double* direction) const {
    auto const s = make_row(student.row(i), student.extent(1));
    auto const t = make_row(teacher.row(i), teacher.extent(1));
    double sum = 0;
    for (index_t k = 0; k < neighbours.count(i); ++k) {
      index_t const c = id_ahead(i, k, 0), later = id_ahead(i, k, rows_ahead);
      if constexpr (!one_pass || !dots_ask) { ask_for(later); }
      if (c < 0) { continue; }
      row<std::remove_const_t<H>> h{student_bank.row(c), student_bank.extent(1), 0};
      penalty_value const p = penalty(relation_gap(s, t, c, h, later < 0 ? c : later));
      sum += p.value;
      if (direction != nullptr && p.slope != 0) { add(direction, p.slope, h); }
    }
    return sum;
  }

 private:
  static constexpr index_t rows_ahead = 3;
  static constexpr bool one_bank = std::is_same_v<TeacherBank, shared_bank>;
  // One pass over a bank row gives both relations and its norm, where all rows are of one type.
  static constexpr bool one_pass = one_bank && !std::is_same_v<std::remove_const_t<H>, double> &&
                                   std::is_same_v<std::remove_const_t<S>, std::remove_const_t<H>> &&
                                   std::is_same_v<std::remove_const_t<T>, std::remove_const_t<H>>;

  // Only the vector form of dots() asks for the row it is told of.
  static constexpr bool dots_ask =
      COUPLEFACE_FMA_VECTORS && std::is_same_v<std::remove_const_t<H>, float>;

  /// Neighbour `ahead` entries behind the k-th of sample i, in the next sample if need be, or -1.
  COUPLEFACE_HOST_DEVICE index_t id_ahead(index_t i, index_t k, index_t ahead) const {
    index_t const at = k + ahead, count = neighbours.count(i);
    if (at < count) { return index_t(neighbours.begin(i)[at]); }
    bool const in_next = i + 1 < neighbours.samples() && at - count < neighbours.count(i + 1);
    return in_next ? index_t(neighbours.begin(i + 1)[at - count]) : index_t(-1);
  }

  // Gathered rows lie anywhere: each is asked for early, by dots() line by line between its sums
  // where it can, for all lines at once wait for each other.
  COUPLEFACE_HOST_DEVICE void ask_for(index_t c) const {
    if (c < 0) { return; }
    prefetch_row<cache_level::second>(student_bank.row(c), student_bank.extent(1));
    if constexpr (!one_bank) {
      prefetch_row<cache_level::second>(teacher_bank.row(c), teacher_bank.extent(1));
    }
  }

  /// The teacher's row for bank row c, whose student's row is h.
  template <class HRow>
  COUPLEFACE_HOST_DEVICE auto teacher_row([[maybe_unused]] index_t c, HRow const& h) const {
    if constexpr (one_bank) {
      return h;
    } else {
      return make_row(teacher_bank.row(c), teacher_bank.extent(1));
    }
  }

  /// Relation of the student's row to bank row c, h, minus the teacher's; sets h's norm.
  template <class SRow, class TRow, class HRow>
  COUPLEFACE_HOST_DEVICE double relation_gap(SRow const& s, TRow const& t, index_t c, HRow& h,
                                             [[maybe_unused]] index_t later) const {
    if constexpr (one_pass) {
      decltype(h.data) const others[3] = {s.data, t.data, h.data};
      double inner[3];
      dots(h.data, others, h.width, inner, student_bank.row(later));
      h.norm = std::sqrt(inner[2]);
      return cosine_of(s.data, s.norm, h.data, h.norm, h.width, inner[0]) -
             cosine_of(t.data, t.norm, h.data, h.norm, h.width, inner[1]);
    } else {
      h.norm = row_norm(h.data, h.width);
      return row_cosine(s, h) - row_cosine(t, teacher_row(c, h));
    }
  }

  template <class X>
  COUPLEFACE_HOST_DEVICE static void add(double* direction, double slope, row<X> const& h) {
    double const scale = slope * inverse_norm<X>(h.norm);
    for (index_t j = 0; j < h.width; ++j) { direction[j] += scale * load(h.data[j]); }
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
  scratch<double, Derived> const directions(policy, with_gradient ? lanes * width : 0);
  double* const terms = row_losses.data();
  double* const direction_data = directions.data();
  rad_sample<S, T, H, TeacherBank, decltype(neighbours), Penalty> const sample{
      student, teacher, student_bank, teacher_bank, neighbours, penalty};
  for_each_index(policy, lanes, [=](index_t lane) {
    double* const direction = with_gradient ? direction_data + lane * width : nullptr;
    for (index_t i = lane_begin(lane, lanes, n); i < lane_begin(lane + 1, lanes, n); ++i) {
      if constexpr (with_gradient) { std::fill(direction, direction + width, 0.0); }
      terms[i] = sample(i, direction);
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
