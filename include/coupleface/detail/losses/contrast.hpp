// SPDX-License-Identifier: Apache-2.0
// coupleface: a softmax over a queue's rows and the right row of each student row, host side.
#pragma once

#include <coupleface/detail/keep.hpp>
#include <coupleface/detail/losses/softmax_walks.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/settings/margin.hpp>

#include <cmath>
#include <type_traits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Rows of a queue as classes: sample i does without row q unless keep(i, q), and its right class
/// is row i of another matrix.
template <class T, class Keep>
struct queue_targets {
  matrix_view<T const> right;
  index_t queue_rows;
  Keep keep;

  index_t classes(index_t rows) const { return rows; }
  COUPLEFACE_HOST_DEVICE index_t weight_row(index_t column) const { return column; }
  COUPLEFACE_HOST_DEVICE index_t column(index_t) const { return queue_rows; }
  template <class Acc>
  void leave_out(index_t first_row, index_t used, index_t first, index_t classes, Acc* z) const {
    constexpr index_t panel = panel_width<Acc>;
    for (index_t q = 0; q < classes; ++q) {
      for (index_t l = 0; l < used; ++l) {
        Acc* const at = z + q * panel + l;
        *at = keep(first_row + l, first + q) ? *at : left_out<Acc>;
      }
    }
  }
};

template <class T, class Keep>
inline constexpr bool leaves_out<queue_targets<T, Keep>> = true;
template <class T, class Keep>
inline constexpr bool right_apart<queue_targets<T, Keep>> = true;

template <class T, class Keep>
COUPLEFACE_HOST_DEVICE bool is_kept_by(queue_targets<T, Keep> const& targets, index_t q,
                                       index_t i) {
  return targets.keep(i, q);
}
template <class T, class Keep>
COUPLEFACE_HOST_DEVICE bool is_kept(queue_targets<T, Keep> const& targets, index_t q,
                                    index_t samples) {
  for (index_t i = 0; i < samples; ++i) {
    if (targets.keep(i, q)) { return true; }
  }
  return false;
}

template <class W, class T, class Keep>
COUPLEFACE_HOST_DEVICE T const* right_row(matrix_view<W const>,
                                          queue_targets<T, Keep> const& targets, index_t i,
                                          index_t) {
  return targets.right.row(i);
}

template <class S, class T, class Q>
using contrast_accumulator =
    std::conditional_t<std::is_same_v<S, double> || std::is_same_v<T, double> ||
                           std::is_same_v<Q, double>,
                       double, float>;

template <class Derived, class S, class T, class Q, class L, class Gradient, class Keep>
void contrast_loss(host_policy<Derived> const& base, matrix_view<S const> student,
                   matrix_view<Q const> queue, queue_targets<T, Keep> targets, scalar_view<L> loss,
                   Gradient gradient, cosine_margin margin) {
  softmax_by<panel_operands<contrast_accumulator<S, T, Q>>, std::false_type>(
      static_cast<Derived const&>(base), student, queue, targets, loss, gradient, no_gradient{},
      margin);
}

/// Checks the arguments of a contrast of each student row with its teacher's and those of a queue,
/// and computes it. Gradient is a view or no_gradient.
template <class Policy, class S, class T, class Q, class L, class Gradient, class Keep>
void contrast_loss_with(Policy const& policy, char const* function, matrix_view<S> student,
                        matrix_view<T> teacher, matrix_view<Q> queue, scalar_view<L> loss,
                        Gradient gradient, double temperature, Keep keep) {
  expect_same_shape(function, "teacher", teacher, "student", student);
  expect_view(function, "queue", queue);
  expect_equal(function, "width of queue", queue.extent(1), "width of student", student.extent(1));
  expect_view(function, "loss", loss);
  check_pair_gradient(function, student, gradient);
  expect(temperature > 0 && temperature < HUGE_VAL, function, "temperature must be positive");
  expect_keep_fits(function, keep, student.extent(0), queue.extent(0));
  queue_targets<std::remove_const_t<T>, Keep> const targets{teacher, queue.extent(0), keep};
  contrast_loss(policy, matrix_view<S const>(student), matrix_view<Q const>(queue), targets, loss,
                gradient, cosine_margin{0.0, 1.0 / temperature});
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/losses/contrast.cuh>
#endif
