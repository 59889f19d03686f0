// SPDX-License-Identifier: Apache-2.0
// coupleface: relational knowledge distillation: distances between a batch's rows agree, and
// angles.
#pragma once

#include <coupleface/detail/device_call.hpp>
#include <coupleface/detail/losses/rkd_angle.hpp>
#include <coupleface/detail/pairs/check.hpp>
#include <coupleface/detail/pairs/pair_loss.hpp>
#include <coupleface/pair_relation.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/pair_law.hpp>
#include <coupleface/view.hpp>

COUPLEFACE_NAMESPACE_BEGIN

/// @brief The law of rkd_distance_loss. Sums over all pairs: distances, and how many are not 0.
template <class Penalty>
struct rkd_distance_law : pair_law {
  static constexpr int sums = 4, constants = 3, back_sums = 1;
  Penalty penalty;

  explicit rkd_distance_law(Penalty of) : penalty(of) {}
  COUPLEFACE_HOST_DEVICE numbers<4> statistics(double s, double t) const {
    return {s, s == 0 ? 0.0 : 1.0, t, t == 0 ? 0.0 : 1.0};
  }
  /// 1 / mean distance of both sides, and 1 / the student's number of distances.
  COUPLEFACE_HOST_DEVICE numbers<3> finish(numbers<4> const&, numbers<4> const& all) const {
    return {all[0] == 0 ? 0.0 : all[1] / all[0], all[2] == 0 ? 0.0 : all[3] / all[2],
            all[1] == 0 ? 0.0 : 1 / all[1]};
  }
  COUPLEFACE_HOST_DEVICE double value(double s, double t, numbers<3> const& c) const {
    return penalty(s * c[0] - t * c[1]).value;
  }
  COUPLEFACE_HOST_DEVICE numbers<1> back(double s, double t, numbers<3> const& c) const {
    numbers<1> sum;  // nvcc drops the braces around a returned member
    sum[0] = penalty(s * c[0] - t * c[1]).slope * s;
    return sum;
  }
  /// The third number becomes the derivative through the mean, for each distance in it.
  COUPLEFACE_HOST_DEVICE numbers<3> finish_back(numbers<3> const& c, numbers<1> const&,
                                                numbers<1> const& all) const {
    return {c[0], c[1], -all[0] * c[0] * c[0] * c[2]};
  }
  COUPLEFACE_HOST_DEVICE double slope(double s, double t, numbers<3> const& c) const {
    return penalty(s * c[0] - t * c[1]).slope * c[0] + c[2];
  }
};

/// @brief Relational knowledge distillation of distances (RKD-D).
///
/// L = 1/(n (n - 1)) sum_{i != j} phi( || s_i - s_j || / mu(s) - || t_i - t_j || / mu(t) ),
/// mu(x) = the mean of the distances that are not 0; 0 for fewer than two rows. The paper's mean is
/// over n^2 entries, whose diagonal is 0: its loss is (n - 1)/n times this one. Where all rows of a
/// side are equal, its ratios are 0. Equal rows pull each other nowhere. NaN or infinite input
/// makes the loss NaN.
///
/// @param policy any Thrust execution policy
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param loss one float or double in the policy's memory, overwritten
/// @param penalty phi: smooth_l1 (default, beta = 1: the paper's), or any other
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^2 (d_s + d_t)): three walks with half a product of all pairs for each side, and
/// one
///   product for the gradient
/// @scratch two copies of each side and the gradient in float, or in double if a side is, and at
///   most 288 KiB, or 544 KiB in double, for each of at most 16 lanes; nothing grows with n^2.
///   On CUDA: one copy of each side, the gradient, and 48 MiB, or 64 MiB in double
/// @determinism bit-identical for any policy of the host and thread count, with one set of kernels,
///   and for any two runs on one kind of device
/// Source: stated (Park et al., CVPR 2019).
template <class Policy, class S, class T, class L, class Penalty = smooth_l1>
void rkd_distance_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                       scalar_view<L> loss, Penalty penalty = {}) {
  detail::device_call<Policy> const call("rkd_distance_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("rkd_distance_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "rkd_distance_loss", student, teacher, loss,
                             detail::no_gradient{}, rkd_distance_law<Penalty>(penalty),
                             detail::product_relation("rkd_distance_loss", euclidean_distance{}),
                             other_rows{});
}

/// @brief rkd_distance_loss and its gradient with respect to the student, [n, d_s], overwritten.
/// The loss has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Penalty = smooth_l1>
void rkd_distance_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                       scalar_view<L> loss, matrix_view<G> student_gradient, Penalty penalty = {}) {
  detail::device_call<Policy> const call("rkd_distance_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("rkd_distance_loss", Policy, S, T, L);
  detail::pair_loss_of_batch(policy, "rkd_distance_loss", student, teacher, loss, student_gradient,
                             rkd_distance_law<Penalty>(penalty),
                             detail::product_relation("rkd_distance_loss", euclidean_distance{}),
                             other_rows{});
}

/// @brief Relational knowledge distillation of angles (RKD-A).
///
/// L = 1/M sum_{i, j, k distinct} phi( cos s_ijk - cos t_ijk ), M = n (n - 1) (n - 2), cos x_ijk =
/// the cosine of the angle at x_j between x_i and x_k; 0 for fewer than three rows. The paper's
/// mean is over n^3 entries: where no rows are equal its loss is (n - 1)(n - 2)/n^2 times this one.
/// An angle with an equal row (squared distance below 2^-960) is 0 and pulls nowhere. NaN or
/// infinite input makes the loss NaN.
///
/// Everything is in double: an angle's error is about 2^-52 times the ratio of the longer distance
/// to the shorter. Gradients grow with 1 / distance.
///
/// @param policy any Thrust execution policy of the host
/// @param student [n, d_s], @param teacher [n, d_t] embeddings of any length; widths may differ
/// @param loss one float or double, overwritten
/// @param penalty phi: smooth_l1 (default, beta = 1: the paper's), or any other that is 0 at 0
/// @throws std::invalid_argument if shapes do not fit or a setting is out of range, before anything
///   is written
/// @complexity O(n^3 + n^2 (d_s + d_t)): for batches of up to some thousand rows
/// @scratch 24 n^2 bytes, 8 n max(d_s, d_t), and 288 n for each of at most 32 lanes
/// @determinism bit-identical for any policy and thread count, with one set of kernels
/// Source: stated (Park et al., CVPR 2019).
template <class Policy, class S, class T, class L, class Penalty = smooth_l1>
void rkd_angle_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                    scalar_view<L> loss, Penalty penalty = {}) {
  detail::device_call<Policy> const call("rkd_angle_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("rkd_angle_loss", Policy, S, T, L);
  detail::angle_loss_of_batch(policy, student, teacher, loss, detail::no_gradient{}, penalty);
}

/// @brief rkd_angle_loss and its gradient with respect to the student, [n, d_s], overwritten. The
/// loss has the bits of the value-only form.
template <class Policy, class S, class T, class L, class G, class Penalty = smooth_l1>
void rkd_angle_loss(Policy const& policy, matrix_view<S> student, matrix_view<T> teacher,
                    scalar_view<L> loss, matrix_view<G> student_gradient, Penalty penalty = {}) {
  detail::device_call<Policy> const call("rkd_angle_loss");
  COUPLEFACE_EXPECT_PAIR_TYPES("rkd_angle_loss", Policy, S, T, L);
  detail::angle_loss_of_batch(policy, student, teacher, loss, student_gradient, penalty);
}

COUPLEFACE_NAMESPACE_END
