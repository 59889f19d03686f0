// SPDX-License-Identifier: Apache-2.0
// coupleface: EKD on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/ekd.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief ekd_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors; CUDA tensors use the current stream and wait for it
/// @param student [n, d_s], teacher [n, d_t] embeddings of any length
/// @param labels Long [n], -1: the row is in no pair
/// @param thresholds the moving averages, updated together with the value
/// @param settings as ekd_loss's
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit, or a setting is
///   out of range
/// @complexity ekd_loss's @determinism the same
/// @scratch ekd_loss's, and a gradient [n, d_s] until backward
/// Source: as ekd_loss.
template <class Policy>
at::Tensor ekd_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher,
                    at::Tensor const& labels, ekd_thresholds& thresholds,
                    ekd_settings settings = {}) {
  detail::expect_tensor("ekd_loss", "student", student, 2);
  auto const ids = detail::with_ids("ekd_loss", "labels", labels, 1, "student", student);
  auto const call = [=, &thresholds](auto const& on, auto rows, auto beside,
                                     auto const&... results) {
    ekd_loss(on, rows, beside, detail::unchecked_vector<std::int64_t const>(ids), thresholds,
             results..., settings);
  };
  return detail::student_loss("ekd_loss", policy, student, teacher, call);
}

/// @brief The same of a batch with the rows of a labelled bank.
///
/// @param student_bank [m, d_s], teacher_bank [m, d_t] of the teacher's element type, aligned; may
///   be one tensor. They get no gradient.
/// @param bank_labels Long [m], -1: the row is in no pair
template <class Policy>
at::Tensor ekd_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher,
                    at::Tensor const& labels, at::Tensor const& student_bank,
                    at::Tensor const& teacher_bank, at::Tensor const& bank_labels,
                    ekd_thresholds& thresholds, ekd_settings settings = {}) {
  detail::expect_tensor("ekd_loss", "student", student, 2);
  detail::expect_tensor("ekd_loss", "teacher", teacher, 2);
  auto const ids = detail::with_ids("ekd_loss", "labels", labels, 1, "student", student);
  auto const others =
      detail::with_ids("ekd_loss", "bank_labels", bank_labels, 1, "student", student);
  auto const h = detail::bank_rows("ekd_loss", "student_bank", student_bank, teacher);
  auto const g = detail::bank_rows("ekd_loss", "teacher_bank", teacher_bank, teacher);
  auto const call = [=, &thresholds](auto const& on, auto rows, auto beside,
                                     auto const&... results) {
    using T = typename decltype(beside)::element_type;
    ekd_loss(on, rows, beside, detail::unchecked_vector<std::int64_t const>(ids),
             detail::unchecked_matrix<T>(h), detail::unchecked_matrix<T>(g),
             detail::unchecked_vector<std::int64_t const>(others), thresholds, results...,
             settings);
  };
  return detail::student_loss("ekd_loss", policy, student, teacher, call);
}

COUPLEFACE_NAMESPACE_END
