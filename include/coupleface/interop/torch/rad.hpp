// SPDX-License-Identifier: Apache-2.0
// coupleface: RAD on libtorch's tensors.
#pragma once

#include <coupleface/interop/torch/student_loss.hpp>
#include <coupleface/losses/rad.hpp>

#include <tuple>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief class_neighbours of tensors.
struct tensor_neighbours {
  at::Tensor labels;
  at::Tensor table;
};
inline tensor_neighbours class_neighbours(at::Tensor labels, at::Tensor table) {
  return {std::move(labels), std::move(table)};
}

namespace detail {

template <class N>
using enable_if_neighbours =
    std::enable_if_t<std::is_same_v<N, at::Tensor> || std::is_same_v<N, tensor_neighbours>, int>;

/// Checked ids, which live as long as this.
struct listed_ids {
  at::Tensor ids;
  auto view() const { return unchecked_matrix<std::int64_t const>(ids); }
};
struct labelled_ids {
  at::Tensor labels, table;
  auto view() const {
    return class_neighbours(unchecked_vector<std::int64_t const>(labels),
                            unchecked_matrix<std::int64_t const>(table));
  }
};
inline listed_ids checked_neighbours(at::Tensor const& neighbours, at::Tensor const& student) {
  return {with_ids("rad_loss", "neighbours", neighbours, 2, "student", student)};
}
inline labelled_ids checked_neighbours(tensor_neighbours const& n, at::Tensor const& student) {
  return {with_ids("rad_loss", "labels", n.labels, 1, "student", student),
          with_ids("rad_loss", "table", n.table, 2, "student", student)};
}

/// One tensor, or a pair: the student's bank and the teacher's.
inline std::tuple<at::Tensor> checked_banks(at::Tensor const& bank, at::Tensor const& teacher) {
  return {bank_rows("rad_loss", "bank", bank, teacher)};
}
inline std::tuple<at::Tensor, at::Tensor> checked_banks(
    std::pair<at::Tensor, at::Tensor> const& banks, at::Tensor const& teacher) {
  return {bank_rows("rad_loss", "student_bank", banks.first, teacher),
          bank_rows("rad_loss", "teacher_bank", banks.second, teacher)};
}

/// @tparam Banks one tensor, or a pair
template <class Policy, class Banks, class Neighbours, class Penalty>
at::Tensor rad_loss_of_tensors(Policy const& policy, at::Tensor const& student,
                               at::Tensor const& teacher, Banks const& banks,
                               Neighbours const& neighbours, Penalty penalty) {
  expect_tensor("rad_loss", "student", student, 2);
  expect_tensor("rad_loss", "teacher", teacher, 2);
  auto const bank = checked_banks(banks, teacher);
  auto const ids = checked_neighbours(neighbours, student);
  auto const call = [&](auto const& on, auto rows, auto beside, auto const&... results) {
    using T = typename decltype(beside)::element_type;
    auto const with_banks = [&](auto const&... of) {
      rad_loss(on, rows, beside, unchecked_matrix<T>(of)..., ids.view(), results..., penalty);
    };
    std::apply(with_banks, bank);
  };
  return student_loss("rad_loss", policy, student, teacher, call);
}

}  // namespace detail

/// @brief rad_loss of tensors; differentiable by the student.
///
/// @param policy for CPU tensors
/// @param student, teacher [n, d] embeddings; @param bank [C, d], of the teacher's element type
/// @param neighbours Long [n, K], -1 = none, or class_neighbours(labels, table)
/// @param penalty hinge{q} (default), absolute, squared, smooth_l1, dead_zone, or yours
/// @return scalar tensor
/// @throws std::invalid_argument if shapes, element types or devices do not fit or, on the CPU, an
///   id is out of range
/// @complexity rad_loss's @determinism the same
/// @scratch rad_loss's, and a gradient [n, d] until backward
/// Source: as rad_loss.
template <class Policy, class Neighbours, class Penalty = hinge,
          detail::enable_if_neighbours<Neighbours> = 0, detail::enable_if_penalty<Penalty> = 0>
at::Tensor rad_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher,
                    at::Tensor const& bank, Neighbours const& neighbours, Penalty penalty = {}) {
  return detail::rad_loss_of_tensors(policy, student, teacher, bank, neighbours, penalty);
}

/// @brief The same with a bank for each of two widths, [C, d_s] and [C, d_t].
template <class Policy, class Neighbours, class Penalty = hinge,
          detail::enable_if_neighbours<Neighbours> = 0, detail::enable_if_penalty<Penalty> = 0>
at::Tensor rad_loss(Policy const& policy, at::Tensor const& student, at::Tensor const& teacher,
                    at::Tensor const& student_bank, at::Tensor const& teacher_bank,
                    Neighbours const& neighbours, Penalty penalty = {}) {
  return detail::rad_loss_of_tensors(policy, student, teacher,
                                     std::pair(student_bank, teacher_bank), neighbours, penalty);
}

COUPLEFACE_NAMESPACE_END
