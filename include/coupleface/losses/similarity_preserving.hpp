// SPDX-License-Identifier: Apache-2.0
// coupleface: similarity-preserving distillation: normalised rows of the Gram matrix agree.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>
#include <coupleface/pair_relation.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/pair_law.hpp>
#include <coupleface/view.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The law of similarity_preserving_loss. A row's sums over j: s^2, t^2, s t.
struct similarity_preserving_law : pair_law {
  static constexpr int sums = 3, constants = 3;
  COUPLEFACE_HOST_DEVICE numbers<3> statistics(double s, double t) const {
    return {s * s, t * t, s * t};
  }
  /// 1 / norm of both rows, and sum_j (A_ij(s) - A_ij(t)) A_ij(s).
  COUPLEFACE_HOST_DEVICE numbers<3> finish(numbers<3> const& row, numbers<3> const&) const {
    double const s = inverse_root(row[0]), t = inverse_root(row[1]);
    return {s, t, 1 - row[2] * s * t};
  }
  /// NaN for infinity: a row whose squares overflow is not one of zeros.
  COUPLEFACE_HOST_DEVICE static double inverse_root(double square) {
    return square == 0 ? 0.0 : (1 + (square - square)) / std::sqrt(square);
  }
  COUPLEFACE_HOST_DEVICE double value(double s, double t, numbers<3> const& c) const {
    double const gap = s * c[0] - t * c[1];
    return gap * gap;
  }
  COUPLEFACE_HOST_DEVICE double slope(double s, double t, numbers<3> const& c) const {
    return 2 * c[0] * ((s * c[0] - t * c[1]) - c[2] * (s * c[0]));
  }
};

/// @brief Similarity-preserving distillation (SP).
///
/// L = 1/n^2 sum_{i, j} ( A_ij(s) - A_ij(t) )^2, A_ij(x) = x_i . x_j / || (x_i . x_1, ..., x_i .
/// x_n) ||, the rows of the Gram matrix divided by their norms; 0 without rows. A row of zeros
/// stays zeros: A_ij has derivative 0 there. So does a row whose products underflow (floats of
/// 1e-22, doubles of 1e-80); where they, or their squares, overflow, the loss is NaN. NaN or
/// infinite input makes it NaN too.
///
/// @param policy any Thrust execution policy
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param loss one float or double in the policy's memory, overwritten
/// @param relation inner_product (default: the paper's) or cosine
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^2 (d_s + d_t)): two walks with half a product of all pairs for each side, and
/// one product for
///   the gradient
/// @scratch two copies of each side and the gradient in float, or in double if a side is, and at
///   most 288 KiB, or 544 KiB in double, for each of at most 16 lanes; nothing grows with n^2.
///   On CUDA: one copy of each side, the gradient, and 48 MiB, or 64 MiB in double
/// @determinism bit-identical for any policy of the host and thread count, with one set of kernels,
///   and for any two runs on one kind of device
/// Source: stated (Tung and Mori, ICCV 2019).
template <class Policy, class S, class T, class L, class Relation = inner_product>
void similarity_preserving_loss(Policy const& policy, matrix_view<S> student,
                                matrix_view<T> teacher, scalar_view<L> loss,
                                Relation relation = {}) {
  detail::device_call<Policy> const call("similarity_preserving_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("similarity_preserving_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "similarity_preserving_loss", student, teacher, loss,
                             detail::no_gradient{}, similarity_preserving_law{},
                             detail::product_relation("similarity_preserving_loss", relation),
                             every_row{});
}

/// @brief similarity_preserving_loss and its gradient with respect to the student, [n, d_s],
/// overwritten. The loss has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Relation = inner_product>
void similarity_preserving_loss(Policy const& policy, matrix_view<S> student,
                                matrix_view<T> teacher, scalar_view<L> loss,
                                matrix_view<G> student_gradient, Relation relation = {}) {
  detail::device_call<Policy> const call("similarity_preserving_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("similarity_preserving_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "similarity_preserving_loss", student, teacher, loss,
                             student_gradient, similarity_preserving_law{},
                             detail::product_relation("similarity_preserving_loss", relation),
                             every_row{});
}

COUPLEFACE_NAMESPACE_END
