// SPDX-License-Identifier: Apache-2.0
// coupleface: a bank of one teacher embedding for each class, and optionally one student embedding.
// It starts from prototypes and is updated from every batch.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/feature_bank.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/bank_update.hpp>
#include <coupleface/view.hpp>

#include <utility>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief One embedding for each class.
///
/// The teacher half is [C, d_t]; a student half [C, d_s], aligned by class, exists if student
/// prototypes are given, so that rad_loss works with different widths. A class that occurs several
/// times in a batch is updated in the batch's order. A sample of norm 0 changes nothing. One that
/// is not finite makes its class's entry NaN, permanently with a moving average (check_finite finds
/// it). On CUDA a sample with a label out of range changes nothing.
///
/// @tparam T storage: float, double, float16 or bfloat16
/// @tparam Update frozen_prototypes, latest_sample, moving_average or recent_ring
/// @tparam Vector container of the state: std::vector on the host, thrust::device_vector on CUDA
template <class T, class Update = latest_sample, template <class...> class Vector = std::vector>
class feature_bank {
 public:
  using half_type = detail::bank_half<T, Vector>;

  /// @brief Starts from teacher prototypes [C, d_t].
  template <class Policy, class P>
  feature_bank(Policy const& policy, matrix_view<P> prototypes, Update update = {})
      : feature_bank(policy, prototypes, matrix_view<P>(nullptr, prototypes.extent(0), 0), update) {
    detail::device_call<Policy> const call("feature_bank");
  }

  /// @brief Starts from teacher prototypes [C, d_t] and student prototypes [C, d_s].
  /// @throws std::invalid_argument if the class counts differ or the update has a bad setting
  template <class Policy, class P, class S>
  feature_bank(Policy const& policy, matrix_view<P> prototypes, matrix_view<S> student_prototypes,
               Update update = {})
      : update_(update) {
    detail::device_call<Policy> const call("feature_bank");
    COUPLEFACE_EXPECT_POLICY("feature_bank", Policy);
    COUPLEFACE_EXPECT_ELEMENTS("feature_bank", "entries", T);
    COUPLEFACE_EXPECT_ELEMENTS("feature_bank", "prototypes", P);
    COUPLEFACE_EXPECT_ELEMENTS("feature_bank", "student_prototypes", S);
    detail::expect_view("feature_bank", "prototypes", prototypes);
    detail::expect_view("feature_bank", "student_prototypes", student_prototypes);
    detail::expect_equal("feature_bank", "rows of student_prototypes", student_prototypes.extent(0),
                         "rows of prototypes", prototypes.extent(0));
    detail::expect_update("feature_bank", update);
    teacher_ = half_type(policy, matrix_view<P const>(prototypes), update.slots());
    student_ = half_type(policy, matrix_view<S const>(student_prototypes), update.slots());
  }

  index_t classes() const { return teacher_.classes; }
  index_t steps() const { return steps_; }  ///< updates so far
  Update const& update_rule() const { return update_; }
  matrix_view<T const> teacher() const { return teacher_.view(); }  ///< [C, d_t] unit rows
  matrix_view<T const> student() const { return student_.view(); }  ///< [C, d_s]; d_s 0 if none

  /// @brief Updates the bank from a batch of teacher embeddings.
  /// @param labels [n] class of each, -1 = ignored; @param teacher [n, d_t] of any length
  /// @throws std::invalid_argument if shapes or labels do not fit; the bank is then unchanged
  /// @complexity O(n d + C), with a ring O(n d + C Q + Q d for each class that changes)
  /// @scratch 8 (n + C + 1) bytes; on CUDA 16 n more and what CUB's sort takes
  /// @determinism bit-identical for any policy and thread count
  /// Source: reconstructed.
  template <class Policy, class L, class X>
  void update(Policy const& policy, vector_view<L> labels, matrix_view<X> teacher) {
    detail::device_call<Policy> const call("feature_bank::update");
    detail::expect_equal("feature_bank::update", "width of the student half", student_.width,
                         "width of the student embeddings given", 0);
    update(policy, labels, teacher, matrix_view<X>(nullptr, teacher.extent(0), 0));
  }

  /// @brief Updates both halves. @param student [n, d_s]
  template <class Policy, class L, class X, class S>
  void update(Policy const& policy, vector_view<L> labels, matrix_view<X> teacher,
              matrix_view<S> student) {
    detail::device_call<Policy> const call("feature_bank::update");
    COUPLEFACE_EXPECT_POLICY("feature_bank::update", Policy);
    COUPLEFACE_EXPECT_IDS("feature_bank::update", "labels", L);
    COUPLEFACE_EXPECT_ELEMENTS("feature_bank::update", "teacher", X);
    COUPLEFACE_EXPECT_ELEMENTS("feature_bank::update", "student", S);
    detail::expect_batch("feature_bank::update", "teacher", teacher, labels, teacher_.width);
    detail::expect_batch("feature_bank::update", "student", student, labels, student_.width);
    detail::update_bank(policy, vector_view<L const>(labels), matrix_view<X const>(teacher),
                        matrix_view<S const>(student), update_, steps_, teacher_, student_);
    ++steps_;
  }

  /// @brief Passes the step count and every array of the state to `visit(name, object)`, always in
  /// the same order. io/feature_bank.hpp saves and loads a bank this way.
  template <class Visit>
  void visit_state(Visit&& visit) {
    visit_state_of(*this, visit);
  }
  template <class Visit>
  void visit_state(Visit&& visit) const {
    visit_state_of(*this, visit);
  }

 private:
  template <class Bank, class Visit>
  static void visit_state_of(Bank& bank, Visit& visit) {
    visit("steps", bank.steps_);
    for (auto* half : {&bank.teacher_, &bank.student_}) {
      visit("entries", half->entries);
      visit("prototypes", half->prototypes);
      visit("slots", half->slots);
      visit("ages", half->ages);
      visit("next_slots", half->next_slots);
    }
  }

  Update update_;
  index_t steps_ = 0;
  half_type teacher_;
  half_type student_;
};

COUPLEFACE_NAMESPACE_END
