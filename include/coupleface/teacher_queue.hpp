// SPDX-License-Identifier: Apache-2.0
// coupleface: a queue of the latest teacher embeddings with their labels, for teacher_queue_loss.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/grouping.hpp>
#include <coupleface/detail/teacher_queue.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The latest `capacity` teacher embeddings, in a ring; empty at first.
///
/// In a training step, compute the loss with rows() and labels() first, then push() the batch:
/// otherwise each sample meets its own teacher row among the others. A row of norm 0 does not
/// enter. One that is not finite enters as NaN, and leaves when the ring has gone round
/// (check_finite finds it).
///
/// @tparam T storage: float, double, float16 or bfloat16
/// @tparam Label storage of labels
/// @tparam Vector container of the state: std::vector on the host, thrust::device_vector on CUDA
template <class T, class Label = std::int64_t, template <class...> class Vector = std::vector>
class teacher_queue {
 public:
  /// @brief An empty queue of at most `capacity` > 0 rows of `width` elements.
  /// @throws std::invalid_argument if an extent is out of range
  teacher_queue(index_t capacity, index_t width) : capacity_(capacity), width_(width) {
    COUPLEFACE_EXPECT_ELEMENTS("teacher_queue", "rows", T);
    COUPLEFACE_EXPECT_IDS("teacher_queue", "labels", Label);
    detail::expect(capacity > 0 && width >= 0, "teacher_queue",
                   "capacity must be positive and width not negative");
    rows_.assign(static_cast<std::size_t>(capacity * width), T(0.0f));
    labels_.assign(static_cast<std::size_t>(capacity), Label(-1));
  }

  index_t capacity() const { return capacity_; }
  index_t size() const { return std::min(entered_, capacity_); }  ///< rows in it
  index_t entered() const { return entered_; }                    ///< rows that entered so far
  /// [size, d] unit rows. Row entered() % capacity is the oldest if the queue is full, else row 0.
  matrix_view<T const> rows() const { return {detail::raw(rows_), size(), width_}; }
  /// [size], -1 = unknown
  vector_view<Label const> labels() const { return {detail::raw(labels_), size()}; }

  /// @brief The batch enters, row by row; the oldest rows leave. On CUDA this waits: how many
  /// enter, the device finds.
  /// @param teacher [n, d] of any length; @param labels [n], -1 = unknown
  /// @throws std::invalid_argument if shapes do not fit; the queue is then unchanged
  /// @complexity O(n d)
  /// @scratch 16 n bytes; on CUDA 12 n + 8
  /// @determinism bit-identical for any policy and thread count
  /// Source: stated (QUD), which starts from random rows; from none, and labels: ours.
  template <class Policy, class X, class L>
  void push(Policy const& policy, matrix_view<X> teacher, vector_view<L> labels) {
    COUPLEFACE_EXPECT_IDS("teacher_queue::push", "labels", L);
    detail::expect_view("teacher_queue::push", "labels", labels);
    detail::expect_equal("teacher_queue::push", "size of labels", labels.extent(0),
                         "rows of teacher", teacher.extent(0));
    enter(policy, teacher, vector_view<L const>(labels));
  }

  /// @brief The same without labels.
  template <class Policy, class X>
  void push(Policy const& policy, matrix_view<X> teacher) {
    enter(policy, teacher, vector_view<Label const>());
  }

  /// @brief Passes the number of rows that entered and every array of the state to
  /// `visit(name, object)`. io/teacher_queue.hpp saves and loads a queue this way.
  template <class Visit>
  void visit_state(Visit&& visit) {
    visit_state_of(*this, visit);
  }
  template <class Visit>
  void visit_state(Visit&& visit) const {
    visit_state_of(*this, visit);
  }

 private:
  template <class Policy, class X, class L>
  void enter(Policy const& policy, matrix_view<X> teacher, vector_view<L const> labels) {
    detail::device_call<Policy> const call("teacher_queue::push");
    COUPLEFACE_EXPECT_POLICY("teacher_queue::push", Policy);
    COUPLEFACE_EXPECT_ELEMENTS("teacher_queue::push", "teacher", X);
    detail::expect_view("teacher_queue::push", "teacher", teacher);
    detail::expect_equal("teacher_queue::push", "width of teacher", teacher.extent(1),
                         "width of the queue", width_);
    matrix_view<T> const slots(detail::raw(rows_), capacity_, width_);
    entered_ = detail::enter_queue(
        policy, detail::queue_slots<T, Label>{slots, detail::raw(labels_), entered_},
        matrix_view<X const>(teacher), labels);
  }

  template <class Queue, class Visit>
  static void visit_state_of(Queue& queue, Visit& visit) {
    visit("entered", queue.entered_);
    visit("rows", queue.rows_);
    visit("labels", queue.labels_);
  }

  index_t capacity_, width_, entered_ = 0;
  Vector<T> rows_;        // [capacity, d]
  Vector<Label> labels_;  // [capacity]
};

COUPLEFACE_NAMESPACE_END
