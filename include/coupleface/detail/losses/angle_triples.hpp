// SPDX-License-Identifier: Apache-2.0
// coupleface: distances of rows, and angles at every row, by the kernels in use.
//
// The angle at j between i and k follows from squared distances:
//   cos = (D_ij + D_kj - D_ik) / (2 d_ij d_kj)
// so that a panel of rows k is a vector, and nothing but distances is stored.
#pragma once

#include <coupleface/detail/row.hpp>
#include <coupleface/detail/simd/panel_product.hpp>
#include <coupleface/settings/penalty.hpp>

#include <cmath>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Squared distances of row j to some rows, and inverse distances, of student and teacher.
struct angle_legs_of {
  double *s_squares, *s_inverses, *t_squares, *t_inverses;
};

/// Sums over rows i, for one row j and a panel of rows k.
struct angle_sums {
  static constexpr std::size_t panel = std::size_t(panel_width<double>);
  double values[panel] = {};
  double pulls[panel] = {};  ///< of d loss / d (D_kj), where it is not through d_kj
  double along[panel] = {};  ///< of slope cos
};

/// The same penalty in a form that compilers vectorise at any level of optimisation.
template <class Penalty>
Penalty without_branches(Penalty penalty) {
  return penalty;
}

struct smooth_l1_without_branches {
  double inverse, half;
  penalty_value operator()(double x) const {
    double const slope = clamp_cosine(x * inverse);
    return {slope * (x - half * slope), slope};
  }
};
inline smooth_l1_without_branches without_branches(smooth_l1 of) {
  return {1 / of.beta, of.beta / 2};
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/losses/angle_triples.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline void panel_distances(index_t depth, double const* left, double const* right, double* out) {
  COUPLEFACE_RETURN_KERNEL(panel_distances(depth, left, right, out));
}

inline void angle_legs(double const* distances, index_t count, double factor, double* squares,
                       double* inverses) {
  COUPLEFACE_RETURN_KERNEL(angle_legs(distances, count, factor, squares, inverses));
}

template <bool Masked, class Penalty>
void add_angles(Penalty const& penalty, index_t first, index_t end, index_t panel_row,
                angle_legs_of const& legs, angle_legs_of const& near, double const* s_far,
                double const* t_far, angle_sums& sums, double* pulls) {
  COUPLEFACE_RETURN_KERNEL(
      add_angles<Masked>(penalty, first, end, panel_row, legs, near, s_far, t_far, sums, pulls));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
