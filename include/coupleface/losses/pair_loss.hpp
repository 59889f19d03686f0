// SPDX-License-Identifier: Apache-2.0
// coupleface: a loss over all pairs of a batch, by a law of your own.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>
#include <coupleface/pair_relation.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/pair_law.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief A law over all pairs of different rows of a batch:
///
/// L = 1/(n (n - 1)) sum_{i != j} law( R(s_i, s_j), R(t_i, t_j) ), 0 for fewer than two rows.
template <class Policy, class S, class T, class L, class Law, class Relation = cosine>
void pair_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
               scalar_view<L> loss, Law law, Relation relation = {}) {
  detail::device_call<Policy> const call("pair_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pair_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "pair_loss", student, teacher, loss, detail::no_gradient{},
                             law, detail::product_relation("pair_loss", relation), other_rows{});
}

template <class Policy, class S, class T, class L, class G, class Law, class Relation = cosine>
void pair_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
               scalar_view<L> loss, matrix_view<G> student_gradient, Law law,
               Relation relation = {}) {
  detail::device_call<Policy> const call("pair_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pair_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "pair_loss", student, teacher, loss, student_gradient, law,
                             detail::product_relation("pair_loss", relation), other_rows{});
}

COUPLEFACE_NAMESPACE_END
