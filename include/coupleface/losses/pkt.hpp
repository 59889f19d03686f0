// SPDX-License-Identifier: Apache-2.0
// coupleface: probabilistic knowledge transfer: each row's similarities, as probabilities, agree.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/logarithm.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>
#include <coupleface/pair_relation.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/pair_law.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The law of pkt_loss. A row's sums over j: K(s), K(t).
struct pkt_law : pair_law {
  static constexpr int sums = 2, constants = 2;
  double epsilon = 1e-7;
  bool valid() const { return epsilon > 0; }
  COUPLEFACE_HOST_DEVICE double similarity(double cosine) const {
    return (1 + cosine) / 2 + epsilon;
  }
  COUPLEFACE_HOST_DEVICE numbers<2> statistics(double s, double t) const {
    return {similarity(s), similarity(t)};
  }
  COUPLEFACE_HOST_DEVICE numbers<2> finish(numbers<2> const& row, numbers<2> const&) const {
    return {1 / row[0], 1 / row[1]};
  }
  COUPLEFACE_HOST_DEVICE double value(double s, double t, numbers<2> const& c) const {
    double const p = similarity(t) * c[1];
    return p * detail::logarithm(p / (similarity(s) * c[0]));
  }
  /// The sum over j of the teacher's probabilities is 1.
  COUPLEFACE_HOST_DEVICE double slope(double s, double t, numbers<2> const& c) const {
    return 0.5 * (c[0] - similarity(t) * c[1] / similarity(s));
  }
};

/// @brief Probabilistic knowledge transfer (PKT).
///
/// L = 1/(n (n - 1)) sum_{i != j} p_ij(t) log( p_ij(t) / p_ij(s) ),
/// p_ij(x) = K_ij / sum_{k != i} K_ik, K_ij = (1 + cos(x_i, x_j)) / 2 + epsilon; 0 for fewer than
/// two rows. The sum over a row is the Kullback-Leibler divergence of its probabilities. The
/// authors' code adds epsilon to the probabilities instead, and keeps the diagonal. A row of norm
/// 0 has cosine 0. NaN or infinite input makes the loss NaN.
///
/// @param policy any Thrust execution policy
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param loss one float or double in the policy's memory, overwritten
/// @param law pkt_law{epsilon}, epsilon > 0 (default 1e-7). Of rows in float that point in almost
///   opposite directions, K has an error of 1e-7 too, so their slope, 1 / K, has few digits; a
///   larger epsilon gives it more. Embeddings of faces are never that far apart.
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
/// Source: stated (Passalis and Tefas, ECCV 2018); epsilon's place: ours.
template <class Policy, class S, class T, class L>
void pkt_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              scalar_view<L> loss, pkt_law law = {}) {
  detail::device_call<Policy> const call("pkt_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pkt_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "pkt_loss", student, teacher, loss, detail::no_gradient{}, law,
                             detail::product_relation("pkt_loss", cosine{}), other_rows{});
}

/// @brief pkt_loss and its gradient with respect to the student, [n, d_s], overwritten. The loss
/// has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G>
void pkt_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
              scalar_view<L> loss, matrix_view<G> student_gradient, pkt_law law = {}) {
  detail::device_call<Policy> const call("pkt_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("pkt_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "pkt_loss", student, teacher, loss, student_gradient, law,
                             detail::product_relation("pkt_loss", cosine{}), other_rows{});
}

COUPLEFACE_NAMESPACE_END
