// SPDX-License-Identifier: Apache-2.0
// coupleface: FCD, one row at a time, host side.
#pragma once

#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/simd/row_kernels.hpp>
#include <coupleface/detail/sum.hpp>

#include <algorithm>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Factors for the value and gradient of one row: the gradient is of_s times the student's row plus
/// of_t times the teacher's.
struct fcd_factors {
  double s_inverse, t_inverse, of_s, of_t;
};

/// From a . a, a . b and b . b of the student's row a and the teacher's b. A degenerate teacher has
/// inverse 0, which makes the gradient 0.
template <class S, class T>
COUPLEFACE_HOST_DEVICE inline fcd_factors make_fcd_factors(double const (&inner)[3], double scale) {
  double const s_inverse = inverse_norm<S>(std::sqrt(inner[0]));
  double const t_inverse = inverse_norm<T>(std::sqrt(inner[2]));
  double const of_t = scale * t_inverse * s_inverse;
  // The sign is on the first factor: under -fassociative-math clang 14 reorders the factors of a
  // negated product, and its pragmas do not prevent that.
  return {s_inverse, t_inverse, -inner[1] * of_t * s_inverse * s_inverse, of_t};
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/losses/fcd_pass.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Returns || s s_inverse - t t_inverse ||^2; gradient = of_s s + of_t t, unless it is no_gradient.
template <class S, class T, class G>
double fcd_pass(S const* s, T const* t, index_t width, fcd_factors const& f, G gradient,
                bool past_caches, T const* soon) {
  COUPLEFACE_RETURN_KERNEL(fcd_pass(s, t, width, f, gradient, past_caches, soon));
}

/// Value of one row and, unless it is no_gradient, its gradient, times `scale`. The gradient is 0
/// for a degenerate teacher (inverse 0) and for a degenerate student.
template <class S, class T, class G>
double fcd_row(S const* s, T const* t, index_t width, double scale, G gradient,
               [[maybe_unused]] bool past_caches, [[maybe_unused]] S const* s_soon,
               [[maybe_unused]] T const* t_soon) {
  if constexpr (std::is_same_v<S, double> || std::is_same_v<T, double>) {
    double const s_norm = row_norm(s, width);
    double const t_inverse = inverse_norm<T>(row_norm(t, width));
    fcd_factors const f{inverse_norm<S>(s_norm), t_inverse, 0, 0};
    double const value = fcd_pass(s, t, width, f, no_gradient{}, false, t_soon);
    if constexpr (!std::is_same_v<G, no_gradient>) {
      project_gradient(s, s_norm, t, scale * t_inverse, gradient, width);
    }
    return value;
  } else {
    double of_pair[3];
    pair_dots(s, t, width, of_pair, s_soon);
    return fcd_pass(s, t, width, make_fcd_factors<S, T>(of_pair, scale), gradient, past_caches,
                    t_soon);
  }
}

/// A gradient of this size leaves the caches before it is read: it is stored past them, so that its
/// lines are not loaded before they are overwritten.
inline constexpr index_t past_caches_bytes = index_t(32) << 20;

/// A lane has no memory of its own, so there can be many: little time is lost on the last ones.
inline constexpr index_t most_fcd_lanes = 256;

template <class Derived, class S, class T, class L, class Gradient>
void fcd_loss(host_policy<Derived> const& base, matrix_view<S const> student,
              matrix_view<T const> teacher, scalar_view<L> loss, Gradient gradient) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const n = student.extent(0), width = student.extent(1);
  index_t const lanes = lane_count(n, most_fcd_lanes);
  constexpr index_t rows_ahead = 2;
  scratch<double, Derived> const row_losses(policy, n);
  double* const terms = row_losses.data();
  bool const past_caches = n * width * index_t(sizeof(float)) >= past_caches_bytes;
  for_each_index(policy, lanes, [=](index_t lane) {
    for (index_t i = lane_begin(lane, lanes, n); i < lane_begin(lane + 1, lanes, n); ++i) {
      // The second pass reads its row from the L1 cache: prefetching keeps memory busy meanwhile.
      index_t const soon = std::min(i + rows_ahead, n - 1);
      if constexpr (std::is_same_v<Gradient, no_gradient>) {
        terms[i] = fcd_row(student.row(i), teacher.row(i), width, 0.0, gradient, false,
                           student.row(soon), teacher.row(soon));
      } else {
        terms[i] = fcd_row(student.row(i), teacher.row(i), width, -2.0 / double(n), gradient.row(i),
                           past_caches, student.row(soon), teacher.row(soon));
      }
    }
    if (past_caches) { store_fence(); }
  });
  store_sum(policy, terms, n, 1.0 / double(n), loss.data_handle());
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/losses/fcd.cuh>
#endif
