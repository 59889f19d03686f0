// SPDX-License-Identifier: Apache-2.0
// coupleface: the operations of margin softmax on one panel of logits [classes, samples], apart
// from the products. Every loop runs along the samples, so that compilers vectorise it.
#pragma once

#include <coupleface/detail/exponential.hpp>
#include <coupleface/detail/simd/panel_product.hpp>
#include <coupleface/element.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Largest logit of a sample over some tiles of classes, and the sum of exponentials relative to
/// it.
struct tile_sum {
  double largest;
  double sum;

  COUPLEFACE_HOST_DEVICE static tile_sum of_nothing() { return {-HUGE_VAL, 0.0}; }

  COUPLEFACE_HOST_DEVICE void add(double other_largest, double other_sum) {
    if (other_largest <= largest) {
      sum += other_sum * std::exp(other_largest - largest);
    } else {
      sum = sum * std::exp(largest - other_largest) + other_sum;
      largest = other_largest;
    }
  }
};

/// Replaces the target class's logit in its tile, where only the other classes are summed: its
/// exponential underflows to 0 beside any logit. Finite, so that a tile without other classes does
/// not compute infinity minus infinity.
template <class Acc>
inline constexpr Acc left_out = std::numeric_limits<Acc>::lowest() / 2;

/// The margin applied to one sample.
struct softmax_sample {
  index_t column;  ///< of the target class, -1 = ignored
  double logit;    ///< scaled, of the target class
  double slope;    ///< d logit / d cosine of the target class; after finish d loss / d cosine
  double log_sum;  ///< over all classes, after finish

  /// The loss, given the sums over all other classes: log(1 + S), S = sum exp(z_c - logit). Where S
  /// is small, the log-sum-exp minus the logit would be only rounding error, and so would the
  /// target class's probability minus 1, which is -S / (1 + S).
  COUPLEFACE_HOST_DEVICE double finish(tile_sum const* sums, index_t count, index_t stride) {
    tile_sum others = tile_sum::of_nothing();
    for (index_t t = 0; t < count; ++t) {
      tile_sum const& next = sums[t * stride];
      // Two sums of nothing would be infinity minus infinity.
      if (next.sum != 0) { others.add(next.largest, next.sum); }
    }
    double const above = others.largest - logit;
    bool const may_overflow = above > 0;
    double const rest = may_overflow ? std::log(others.sum + std::exp(-above))
                                     : std::log1p(others.sum * std::exp(above));
    double const loss = may_overflow ? above + rest : rest;
    log_sum = (may_overflow ? others.largest : logit) + rest;
    slope *= std::expm1(-loss);
    return loss;
  }
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/losses/softmax_panels.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// For every sample: the largest logit, and the sum over the classes of exp(logit - largest).
template <class Acc>
void sum_exponentials(Acc const* z, index_t classes, Acc* largest, Acc* sums) {
  COUPLEFACE_RETURN_KERNEL(sum_exponentials(z, classes, largest, sums));
}

/// z = factor exp(z - log_sum), and 0 where the factor is 0.
template <class Acc>
void scale_exponentials(Acc* z, index_t classes, Acc const* log_sums, Acc const* factors) {
  COUPLEFACE_RETURN_KERNEL(scale_exponentials(z, classes, log_sums, factors));
}

/// z = the nearest bfloat16, ties to even; NaN stays NaN.
inline void round_to_bfloat16(float* z, index_t size) {
  COUPLEFACE_RETURN_KERNEL(round_to_bfloat16(z, size));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
