// SPDX-License-Identifier: Apache-2.0
// coupleface: a softmax over teacher rows, of which one is right for each student row, host side.
#pragma once

#include <coupleface/detail/keep.hpp>
#include <coupleface/detail/losses/softmax_walks.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/settings/margin.hpp>

#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rows as classes, all of them, except that sample i does without row c unless keep(i, c).
template <class Keep>
struct kept_rows {
  Keep keep;

  index_t classes(index_t rows) const { return rows; }
  index_t weight_row(index_t column) const { return column; }
  template <class Acc>
  void leave_out(index_t first_row, index_t used, index_t first, index_t classes, Acc* z) const {
    constexpr index_t panel = panel_width<Acc>;
    for (index_t c = 0; c < classes; ++c) {
      for (index_t l = 0; l < used; ++l) {
        Acc* const at = z + c * panel + l;
        *at = keep(first_row + l, first + c) ? *at : left_out<Acc>;
      }
    }
  }
};

/// Row i is right for sample i.
template <class Keep>
struct batch_targets : kept_rows<Keep> {
  index_t column(index_t i) const { return i; }
};

/// Row i of another matrix is right for sample i.
template <class T, class Keep>
struct queue_targets : kept_rows<Keep> {
  matrix_view<T const> right;
  index_t queue_rows;

  index_t column(index_t) const { return queue_rows; }
};

template <class Keep>
inline constexpr bool leaves_out<batch_targets<Keep>> = true;
template <class T, class Keep>
inline constexpr bool leaves_out<queue_targets<T, Keep>> = true;
template <class T, class Keep>
inline constexpr bool right_apart<queue_targets<T, Keep>> = true;

template <class W, class T, class Keep>
T const* right_row(matrix_view<W const>, queue_targets<T, Keep> const& targets, index_t i) {
  return targets.right.row(i);
}

/// L = 1/n sum_i -log softmax of the right row's cosine / temperature.
template <class Acc, class Derived, class S, class W, class Targets, class L, class Gradient>
void contrast_loss(host_policy<Derived> const& base, matrix_view<S const> student,
                   matrix_view<W const> rows, Targets targets, scalar_view<L> loss,
                   Gradient gradient, double temperature) {
  softmax_by<panel_operands<Acc>, std::false_type>(static_cast<Derived const&>(base), student, rows,
                                                   targets, loss, gradient, no_gradient{},
                                                   cosine_margin{0.0, 1.0 / temperature});
}

/// double if an element is.
template <class... E>
using contrast_accumulator =
    std::conditional_t<(std::is_same_v<std::remove_const_t<E>, double> || ...), double, float>;

/// Checks what both forms have in common.
template <class S, class T, class L, class Gradient>
void check_contrast(char const* function, matrix_view<S> student, matrix_view<T> teacher,
                    scalar_view<L> loss, Gradient gradient, double temperature) {
  expect_same_shape(function, "teacher", teacher, "student", student);
  expect_view(function, "loss", loss);
  check_pair_gradient(function, student, gradient);
  expect(temperature > 0 && temperature < HUGE_VAL, function, "temperature must be positive");
}

template <class Policy, class S, class T, class Q, class L, class Gradient, class Keep>
void teacher_queue_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                        matrix_view<Q> queue, scalar_view<L> loss, Gradient gradient,
                        double temperature, Keep keep) {
  constexpr char const* function = "teacher_queue_loss";
  COUPLEFACE_EXPECT_PAIR_TYPES("teacher_queue_loss", Policy, S, T, L);
  COUPLEFACE_EXPECT_ELEMENTS("teacher_queue_loss", "queue", Q);
  check_contrast(function, student, teacher, loss, gradient, temperature);
  expect_view(function, "queue", queue);
  expect_equal(function, "width of queue", queue.extent(1), "width of student", student.extent(1));
  expect_keep_fits(function, keep, student.extent(0), queue.extent(0));
  queue_targets<T, Keep> const targets{{keep}, teacher, queue.extent(0)};
  contrast_loss<contrast_accumulator<S, T, Q>>(policy, matrix_view<S const>(student),
                                               matrix_view<Q const>(queue), targets, loss, gradient,
                                               temperature);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
