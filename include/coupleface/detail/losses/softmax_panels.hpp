// coupleface: what a margin softmax does to one panel of logits [classes, samples], apart from the
// products: every loop runs along the samples, so that compilers make vectors of it.
#pragma once

#include <coupleface/detail/exponential.hpp>
#include <coupleface/detail/panel_product.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// What the margin makes of one sample, and its log-sum-exp.
struct softmax_sample {
  index_t column;  ///< of the right class, -1 = ignored
  double logit;    ///< scaled, of the right class
  double slope;    ///< d logit / d cosine
  double log_sum;
};

/// Largest logit of a sample in some tiles of classes, and the sum of exponentials over it.
struct tile_sum {
  double largest;
  double sum;

  void add(double other_largest, double other_sum) {
    if (other_largest <= largest) {
      sum += other_sum * std::exp(other_largest - largest);
    } else {
      sum = sum * std::exp(largest - other_largest) + other_sum;
      largest = other_largest;
    }
  }
};

inline constexpr tile_sum no_terms = {-std::numeric_limits<double>::infinity(), 0.0};

/// Of every sample: the largest logit, and the sum over the classes of exp(logit - largest). Terms
/// are summed by blocks of 16, so that few roundings come together.
template <class Acc>
void sum_exponentials(Acc const* z, index_t classes, Acc* largest, Acc* sums) {
  constexpr index_t panel = panel_width<Acc>, block = 16;
  std::fill(largest, largest + panel, -std::numeric_limits<Acc>::infinity());
  std::fill(sums, sums + panel, Acc(0));
  for (index_t c = 0; c < classes; ++c) {
    for (index_t l = 0; l < panel; ++l) {
      largest[l] = z[c * panel + l] > largest[l] ? z[c * panel + l] : largest[l];
    }
  }
  for (index_t first = 0; first < classes; first += block) {
    Acc terms[std::size_t(panel)] = {};
    for (index_t c = first; c < std::min(first + block, classes); ++c) {
      for (index_t l = 0; l < panel; ++l) {
        terms[l] += exponential(z[c * panel + l] - largest[l]);
      }
    }
    for (index_t l = 0; l < panel; ++l) { sums[l] += terms[l]; }
  }
}

/// z = factor exp(z - log_sum), and 0 where the factor is.
template <class Acc>
void scale_exponentials(Acc* z, index_t classes, Acc const* log_sums, Acc const* factors) {
  constexpr index_t panel = panel_width<Acc>;
  for (index_t c = 0; c < classes; ++c) {
    for (index_t l = 0; l < panel; ++l) {
      Acc const scaled = exponential(z[c * panel + l] - log_sums[l]) * factors[l];
      z[c * panel + l] = factors[l] == 0 ? Acc(0) : scaled;
    }
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
