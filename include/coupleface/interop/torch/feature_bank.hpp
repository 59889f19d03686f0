// SPDX-License-Identifier: Apache-2.0
// coupleface: updates a feature bank from libtorch's tensors, and shows it as a tensor. Nothing is
// copied.
#pragma once

#include <coupleface/feature_bank.hpp>
#include <coupleface/interop/torch/tensors.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief feature_bank::update from tensors, in place.
///
/// as_tensor(bank.teacher()) is a tensor of the bank's memory, before and after the update.
///
/// @param policy for CPU tensors; the bank's memory must be where the tensors are
/// @param labels Long [n], -1 = ignored; @param teacher [n, d_t] of any length, any element type
/// @throws std::invalid_argument as feature_bank::update; the bank is then unchanged
/// @complexity feature_bank::update's @scratch the same @determinism the same
/// Source: as feature_bank.
template <class Policy, class T, class Update, template <class...> class Vector>
void update(Policy const& policy, feature_bank<T, Update, Vector>& bank, at::Tensor const& labels,
            at::Tensor const& teacher) {
  constexpr char const* name = "feature_bank::update";
  auto const rows = detail::with_rows(name, "teacher", teacher);
  auto const ids = detail::with_ids(name, "labels", labels, 1, "teacher", rows);
  detail::with_element(name, "teacher", rows, [&](auto tag) {
    using X = typename decltype(tag)::type const;
    detail::with_policy(name, policy, rows, [&](auto const& on) {
      bank.update(on, detail::unchecked_vector<std::int64_t const>(ids),
                  detail::unchecked_matrix<X>(rows));
    });
  });
}

/// @brief The same with the student's half, [n, d_s], of the teacher's element type or two bytes
/// beside Float.
template <class Policy, class T, class Update, template <class...> class Vector>
void update(Policy const& policy, feature_bank<T, Update, Vector>& bank, at::Tensor const& labels,
            at::Tensor const& teacher, at::Tensor const& student) {
  constexpr char const* name = "feature_bank::update";
  auto const t = detail::with_rows(name, "teacher", teacher);
  auto const s = detail::with_rows(name, "student", student);
  auto const ids = detail::with_ids(name, "labels", labels, 1, "teacher", t);
  detail::with_elements(name, "student", s, "teacher", t, [&](auto student_tag, auto teacher_tag) {
    using S = typename decltype(student_tag)::type const;
    using X = typename decltype(teacher_tag)::type const;
    detail::with_policy(name, policy, t, [&](auto const& on) {
      bank.update(on, detail::unchecked_vector<std::int64_t const>(ids),
                  detail::unchecked_matrix<X>(t), detail::unchecked_matrix<S>(s));
    });
  });
}

COUPLEFACE_NAMESPACE_END
