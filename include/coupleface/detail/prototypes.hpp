// SPDX-License-Identifier: Apache-2.0
// coupleface: sums of unit vectors per class, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/grouping.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/rounding.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/detail/simd/row_kernels.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// 1 / ||x||, to 29 significant bits if elements have at most 24: their products are then exact in
/// double, so fusing them with the sum cannot change a bit.
template <class X>
COUPLEFACE_HOST_DEVICE inline double unit_scale(double norm) {
  double const inverse = inverse_norm<X>(norm);
  if constexpr (std::is_same_v<X, double>) { return inverse; }
  constexpr std::uint64_t dropped = 24, half = std::uint64_t(1) << (dropped - 1);
  std::uint64_t bits;
  std::memcpy(&bits, &inverse, sizeof bits);
  bits = (bits + half) >> dropped << dropped;
  double scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return scale;
}

/// sum += scale x
template <class X>
COUPLEFACE_HOST_DEVICE inline void add_unit_row(X const* x, double scale, index_t width,
                                                double* sum) {
  for (index_t j = 0; j < width; ++j) {
    if constexpr (std::is_same_v<X, double>) {
      sum[j] = std::fma(x[j], scale, sum[j]);
    } else {
      sum[j] += load(x[j]) * scale;
    }
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/class_sums.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// sum += scale x; returns the square of `following`; prefetches the row `later` meanwhile.
template <class X>
double add_row_and_square(X const* x, double scale, X const* following, X const* later,
                          index_t width, double* sum) {
  COUPLEFACE_RETURN_KERNEL(add_row_and_square(x, scale, following, later, width, sum));
}

/// The same; returns the norm of `following`.
template <class X>
double add_row_and_norm(X const* x, double scale, X const* following, X const* later, index_t width,
                        double* sum) {
  double const square = add_row_and_square(x, scale, following, later, width, sum);
  return norm_of_square(one_thread{}, following, width, square);
}

/// The samples of every class, which both forms of class sums traverse.
template <class Derived, class X, class L>
class grouped_samples {
 public:
  grouped_samples(Derived const& policy, matrix_view<X const> features, vector_view<L const> labels,
                  index_t classes)
      : features_(features), begins_(policy, classes + 1), members_(policy, features.extent(0)) {
    group_by_label(labels, classes, begins_.data(), members_.data());
  }

  static constexpr index_t rows_ahead = 6;

  /// A copyable traversal for a policy's functor: for each class c in [first, last) it adds the
  /// samples to begin(c) [d], then calls end(c).
  auto walk() const {
    return [features = features_, begins = begins_.data(), members = members_.data()](
               index_t first, index_t last, auto const& begin, auto const& end) {
      index_t const width = features.extent(1), stop = begins[last] - 1;
      auto const row = [=](index_t at) { return features.row(members[std::min(at, stop)]); };
      index_t at = begins[first];
      double norm = at > stop ? 0.0 : row_norm(row(at), width);
      for (index_t c = first; c < last; ++c) {
        double* const sum = begin(c);
        // A class's samples are scattered: prefetching reads each from memory once, ahead of its
        // use.
        for (; at < begins[c + 1]; ++at) {
          norm = add_row_and_norm(row(at), unit_scale<X>(norm), row(at + 1), row(at + rows_ahead),
                                  width, sum);
        }
        end(c);
      }
    };
  }

 private:
  matrix_view<X const> features_;
  scratch<index_t, Derived> begins_;
  scratch<index_t, Derived> members_;
};

template <class Derived, class X, class L>
void add_to_class_sums(host_policy<Derived> const& base, matrix_view<X const> features,
                       vector_view<L const> labels, matrix_view<double> sums) {
  auto const& policy = static_cast<Derived const&>(base);
  expect_ids("prototype_sums::add", "labels", labels, sums.extent(0));
  grouped_samples<Derived, X, L> const samples(policy, features, labels, sums.extent(0));
  auto const walk = samples.walk();
  index_t const classes = sums.extent(0), lanes = lane_count(classes);
  for_each_index(policy, lanes, [=](index_t lane) {
    walk(
        lane_begin(lane, lanes, classes), lane_begin(lane + 1, lanes, classes),
        [=](index_t c) { return sums.row(c); }, [](index_t) {});
  });
}

template <class Derived, class X, class L, class P>
void class_prototypes(host_policy<Derived> const& base, matrix_view<X const> features,
                      vector_view<L const> labels, matrix_view<P> prototypes) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const classes = prototypes.extent(0);
  index_t const width = prototypes.extent(1);
  expect_ids("class_prototypes", "labels", labels, classes);
  grouped_samples<Derived, X, L> const samples(policy, features, labels, classes);
  index_t const lanes = lane_count(classes);
  index_t const row_size = rounded_up(width, line_scratch<double, Derived>::line);
  line_scratch<double, Derived> const sums(policy, lanes * row_size);
  double* const sum_data = sums.data();
  auto const walk = samples.walk();
  for_each_index(policy, lanes, [=](index_t lane) {
    double* const sum = sum_data + lane * row_size;
    auto const begin = [=](index_t) {
      std::fill(sum, sum + width, 0.0);
      return sum;
    };
    walk(lane_begin(lane, lanes, classes), lane_begin(lane + 1, lanes, classes), begin,
         [=](index_t c) { normalize_row(sum, prototypes.row(c), width); });
  });
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/prototypes.cuh>
#endif
