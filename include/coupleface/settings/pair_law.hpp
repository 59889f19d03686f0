// SPDX-License-Identifier: Apache-2.0
// coupleface: laws: what a loss makes of a pair's relation in the student, s, and in the teacher,
// t.
//
// A law derives from pair_law and has
//   double value(double s, double t, numbers<constants> c) const   the pair's term
//   double slope(double s, double t, numbers<constants> c) const   its derivative with respect to s
// If terms depend on sums over the pairs of a row, or over all pairs, then also
//   sums, constants                                how many sums, and how many numbers made of them
//   numbers<sums> statistics(double s, double t) const             what is summed
//   numbers<constants> finish(of_row, of_all) const                numbers of a row, from its sums
//                                                                  and those of all rows
// and slope() includes what the pair's relation changes through these numbers. Where that takes
// sums over slopes, then also back_sums, back(s, t, c) and finish_back(c, of_row, of_all), like
// statistics() and finish(): a second walk over all pairs, before the one that asks for slopes.
// None of these functions may throw. They are also called for pairs that do not count, with any
// numbers, NaN and 0 included; what they return is then dropped. With CUDA all are host-device
// functions.
#pragma once

#include <coupleface/config.hpp>
#include <coupleface/settings/penalty.hpp>

#include <cstddef>

COUPLEFACE_PRECISE_BEGIN
namespace coupleface {

/// @brief N numbers of a law. Kernels may index it, which nvcc does not let them do with
/// std::array.
template <int N>
struct numbers {
  double at[std::size_t(N > 0 ? N : 1)];

  COUPLEFACE_HOST_DEVICE constexpr double& operator[](std::size_t k) { return at[k]; }
  COUPLEFACE_HOST_DEVICE constexpr double const& operator[](std::size_t k) const { return at[k]; }
};

/// @brief The base of laws: no sums.
struct pair_law {
  static constexpr int sums = 0, constants = 0, back_sums = 0;
};

/// @brief A penalty on s - t.
template <class Penalty>
struct difference_law : pair_law {
  Penalty penalty;

  explicit difference_law(Penalty of) : penalty(of) {}
  COUPLEFACE_HOST_DEVICE double value(double s, double t, numbers<0>) const {
    return penalty(s - t).value;
  }
  COUPLEFACE_HOST_DEVICE double slope(double s, double t, numbers<0>) const {
    return penalty(s - t).slope;
  }
};

}  // namespace coupleface
COUPLEFACE_PRECISE_END
