// SPDX-License-Identifier: Apache-2.0
// coupleface: FCD, one row at a time, host side.
#pragma once

#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/simd/dots.hpp>
#include <coupleface/detail/simd/fma.hpp>
#include <coupleface/detail/simd/prefetch.hpp>
#include <coupleface/detail/sum.hpp>

#include <algorithm>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// || a / ||a|| - b / ||b|| ||^2 from the two inverse norms.
template <class A, class B>
COUPLEFACE_HOST_DEVICE inline double unit_squared_distance(A const* a, double a_inverse, B const* b,
                                                           double b_inverse, index_t width) {
  double lanes[dot_lanes] = {};
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    for (int l = 0; l < dot_lanes; ++l) {
      double const gap = std::fma(load(a[j + l]), a_inverse, -(load(b[j + l]) * b_inverse));
      lanes[l] = std::fma(gap, gap, lanes[l]);
    }
  }
  for (int l = 0; j + l < width; ++l) {
    double const gap = std::fma(load(a[j + l]), a_inverse, -(load(b[j + l]) * b_inverse));
    lanes[l] = std::fma(gap, gap, lanes[l]);
  }
  return fold(lanes);
}

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

/// The second pass over two rows without doubles: their products stay in the range of double. Every
/// fused operation is explicit and nothing else can be fused, so no bit depends on compiler flags.
/// of_t times t is rounded before it is added, so that rows along one axis cancel to exactly 0.
template <class S, class T, class G>
COUPLEFACE_HOST_DEVICE inline double portable_fcd_pass(S const* s, T const* t, index_t width,
                                                       fcd_factors f, G gradient) {
  double const value = unit_squared_distance(s, f.s_inverse, t, f.t_inverse, width);
  if constexpr (!std::is_same_v<G, no_gradient>) {
    using element = std::remove_pointer_t<G>;
    for (index_t j = 0; j < width; ++j) {
      double const of_teacher = load(t[j]) * f.of_t;
      gradient[j] = store<element>(f.s_inverse == 0 ? 0 : std::fma(load(s[j]), f.of_s, of_teacher));
    }
  }
  return value;
}

/// Stores past the caches if `past_caches` and the types allow it; prefetches the row `soon`.
template <class S, class T, class G>
COUPLEFACE_HOST_DEVICE inline double fcd_pass(S const* s, T const* t, index_t width, fcd_factors f,
                                              G gradient, bool, T const* soon) {
  prefetch_row<cache_level::second>(soon, width);
  return portable_fcd_pass(s, t, width, f, gradient);
}

#if COUPLEFACE_FMA_VECTORS
template <int streamed, class G>
double vector_fcd_pass(float const* s, float const* t, index_t width, fcd_factors f, G gradient,
                       float const* soon) {
  constexpr int size = wide_lanes, parts = dot_lanes / size;
  wide_doubles const s_inverse = broadcast(f.s_inverse), t_inverse = broadcast(f.t_inverse);
  [[maybe_unused]] wide_doubles const of_s = broadcast(f.of_s), of_t = broadcast(f.of_t);
  wide_doubles sums[parts] = {};
  index_t j = 0;
  for (; j + dot_lanes <= width; j += dot_lanes) {
    prefetch_line<cache_level::second>(soon + j);
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
      wide_doubles const x = load_wide(s + j + size * p);
      wide_doubles const y = load_wide(t + j + size * p);
      wide_doubles const gap = fused_multiply_add(x, s_inverse, -(y * t_inverse));
      sums[p] = fused_multiply_add(gap, gap, sums[p]);
      if constexpr (!std::is_same_v<G, no_gradient>) {
        store_narrowed<streamed>(gradient + j + size * p, fused_multiply_add(x, of_s, y * of_t));
      }
    }
  }
  double lanes[dot_lanes];
  __builtin_memcpy(lanes, sums, sizeof lanes);
  for (int l = 0; j + l < width; ++l) {
    double const gap = std::fma(load(s[j + l]), f.s_inverse, -(load(t[j + l]) * f.t_inverse));
    lanes[l] = std::fma(gap, gap, lanes[l]);
    if constexpr (!std::is_same_v<G, no_gradient>) {
      gradient[j + l] = float(std::fma(load(s[j + l]), f.of_s, load(t[j + l]) * f.of_t));
    }
  }
  return fold(lanes);
}

template <class G,
          class = std::enable_if_t<std::is_same_v<G, no_gradient> || std::is_same_v<G, float*>>>
double fcd_pass(float const* s, float const* t, index_t width, fcd_factors f, G gradient,
                [[maybe_unused]] bool past_caches, float const* soon) {
  if (f.s_inverse == 0) { return portable_fcd_pass(s, t, width, f, gradient); }
  if constexpr (std::is_same_v<G, float*>) {
    auto const address = reinterpret_cast<std::uintptr_t>(gradient);
    if (past_caches && address % sizeof(narrow_floats) == 0) {
      return vector_fcd_pass<sizeof(narrow_floats)>(s, t, width, f, gradient, soon);
    }
    if (past_caches && address % sizeof(float4v) == 0) {
      return vector_fcd_pass<sizeof(float4v)>(s, t, width, f, gradient, soon);
    }
  }
  return vector_fcd_pass<0>(s, t, width, f, gradient, soon);
}
#endif

/// Value of one row and, unless it is no_gradient, its gradient, times `scale`. The gradient is 0
/// for a degenerate teacher (inverse 0) and for a degenerate student.
template <class S, class T, class G>
COUPLEFACE_HOST_DEVICE inline double fcd_row(S const* s, T const* t, index_t width, double scale,
                                             G gradient, [[maybe_unused]] bool past_caches,
                                             [[maybe_unused]] S const* s_soon,
                                             [[maybe_unused]] T const* t_soon) {
  if constexpr (std::is_same_v<S, double> || std::is_same_v<T, double>) {
    double const s_norm = row_norm(s, width);
    double const t_inverse = inverse_norm<T>(row_norm(t, width));
    double const value = unit_squared_distance(s, inverse_norm<S>(s_norm), t, t_inverse, width);
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
