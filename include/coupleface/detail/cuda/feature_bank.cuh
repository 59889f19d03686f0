// SPDX-License-Identifier: Apache-2.0
// coupleface: updates a feature bank on a CUDA device: a team of threads per class.
#pragma once

#include <coupleface/detail/cuda/grouping.cuh>
#include <coupleface/detail/cuda/row_kernels.cuh>
#include <coupleface/detail/feature_bank.hpp>
#include <coupleface/detail/scratch.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Update, class T, class X>
struct update_class_body {
  Update update;
  half_rows<T, X> half;
  index_t const* begins;
  index_t const* members;
  std::int64_t step;

  template <class Team>
  COUPLEFACE_HOST_DEVICE void operator()(Team const& team, index_t c) const {
    update_class(team, update, half, c,
                 class_members{members + begins[c], begins[c + 1] - begins[c]}, step);
  }
};

template <class Derived, class L, class X, class S, class Update, class T,
          template <class...> class Vector>
void update_bank(cuda_policy<Derived> const& base, vector_view<L const> labels,
                 matrix_view<X const> teacher_batch, matrix_view<S const> student_batch,
                 Update update, std::int64_t step, bank_half<T, Vector>& teacher_half,
                 bank_half<T, Vector>& student_half) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const classes = teacher_half.classes;
  scratch<index_t, Derived> const begins(policy, classes + 1);
  scratch<index_t, Derived> const members(policy, labels.extent(0));
  group_by_label(policy, labels, classes, begins.data(), members.data());
  auto const update_half = [&](auto half, auto batch) {
    using element = typename decltype(batch)::value_type;
    launch_rows<vector_elements<T, element>>(
        policy, half.entries.extent(1) == 0 ? 0 : classes,
        update_class_body<Update, T, element>{update, half, begins.data(), members.data(), step});
  };
  update_half(rows_of(teacher_half, teacher_batch), teacher_batch);
  update_half(rows_of(student_half, student_batch), student_batch);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
