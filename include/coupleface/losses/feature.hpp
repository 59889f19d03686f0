// SPDX-License-Identifier: Apache-2.0
// coupleface: feature regression: each student feature equals its teacher's, length included.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/row_loss.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief Regression of raw features (FitNet).
///
/// L = 1/n sum_i || s_i - t_i ||^2, computed from differences. Rows are not normalised: fcd_loss is
/// the form that does. Without rows the loss is 0. NaN or infinite input makes the loss NaN or
/// infinite. FitNet's own loss is 1/2 times this one; a mean over all n d elements (PyTorch's
/// MSELoss) is 1/d times this one.
///
/// @param policy any Thrust execution policy of the host
/// @param student [n, d], @param teacher [n, d] features
/// @param loss one float or double, overwritten
/// @throws std::invalid_argument if shapes do not fit, before anything is written
/// @complexity O(n d)
/// @scratch 8 n bytes
/// @determinism bit-identical for any policy, thread count and set of kernels
/// Source: stated (Romero et al., FitNets, ICLR 2015; the mean over rows as in AdaDistill's
/// poster).
template <class Policy, class S, class T, class L>
void feature_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                  scalar_view<L> loss) {
  detail::device_call<Policy> const call("feature_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("feature_loss", Policy, S, T, L);
  detail::row_loss(policy, "feature_loss", student, teacher, loss, detail::no_gradient{},
                   detail::feature_row{});
}

/// @brief feature_loss and its gradient with respect to the student, 2/n (s_i - t_i).
/// @param student_gradient [n, d] result, overwritten
/// Everything else as in the value-only form; the loss has the same bits.
template <class Policy, class S, class T, class L, class G>
void feature_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                  scalar_view<L> loss, matrix_view<G> student_gradient) {
  detail::device_call<Policy> const call("feature_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("feature_loss", Policy, S, T, L);
  detail::row_loss(policy, "feature_loss", student, teacher, loss, student_gradient,
                   detail::feature_row{});
}

COUPLEFACE_NAMESPACE_END
