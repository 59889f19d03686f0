// SPDX-License-Identifier: Apache-2.0
// coupleface: which weight rows take part in a margin softmax, and which is each sample's target.
#pragma once

#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/sum.hpp>
#include <coupleface/error.hpp>
#include <coupleface/policy.hpp>
#include <coupleface/settings/logits.hpp>
#include <coupleface/settings/margin.hpp>

#include <algorithm>
#include <utility>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class Margin>
using enable_if_margin =
    std::enable_if_t<(sizeof(std::declval<Margin const&>()(0.0).slope) > 0), int>;

/// Targets whose right class is not among the weights: its column is beyond them.
template <class Targets>
inline constexpr bool right_apart = false;
/// Targets with leave_out(): not every class counts for every sample.
template <class Targets>
inline constexpr bool leaves_out = false;

/// The row of sample i's right class, which is in `column`.
template <class W, class Targets>
COUPLEFACE_HOST_DEVICE W const* right_row(matrix_view<W const> weights, Targets const& targets,
                                          index_t, index_t column) {
  return weights.row(targets.weight_row(column));
}

/// Whether class c counts for one of the samples; and for sample i.
template <class Targets>
COUPLEFACE_HOST_DEVICE bool is_kept(Targets const&, index_t, index_t) {
  return true;
}
template <class Targets>
COUPLEFACE_HOST_DEVICE bool is_kept_by(Targets const&, index_t, index_t) {
  return true;
}

/// Every class takes part.
template <class L>
struct all_targets {
  vector_view<L> labels;

  index_t classes(index_t weight_rows) const { return weight_rows; }
  COUPLEFACE_HOST_DEVICE index_t weight_row(index_t column) const { return column; }
  COUPLEFACE_HOST_DEVICE index_t column(index_t i) const { return labels(i); }
  void expect_views(char const* function) const { expect_view(function, "labels", labels); }
  void expect_in_range(char const* function, index_t weight_rows) const {
    expect_ids(function, "labels", labels, weight_rows);
  }
};

/// Only the listed classes take part.
template <class L, class I>
struct sampled_targets {
  vector_view<L> labels;
  vector_view<I> sampled;

  index_t classes(index_t) const { return sampled.extent(0); }
  COUPLEFACE_HOST_DEVICE index_t weight_row(index_t column) const { return sampled(column); }
  /// Position of row i's label among the sampled classes; -1 if the row is ignored or its label
  /// absent.
  COUPLEFACE_HOST_DEVICE index_t column(index_t i) const {
    index_t begin = 0, end = sampled.extent(0);
    while (begin < end) {
      index_t const middle = begin + (end - begin) / 2;
      (sampled(middle) < labels(i) ? begin : end) =
          sampled(middle) < labels(i) ? middle + 1 : middle;
    }
    return labels(i) >= 0 && begin < sampled.extent(0) && sampled(begin) == labels(i) ? begin : -1;
  }
  void expect_views(char const* function) const {
    expect_view(function, "labels", labels);
    expect_view(function, "classes", sampled);
  }
  void expect_in_range(char const* function, index_t weight_rows) const {
    expect_ids(function, "labels", labels, weight_rows);
    expect_ids(function, "classes", sampled, weight_rows);
    for (index_t j = 0; j < sampled.extent(0); ++j) {
      if (sampled(j) < 0 || (j > 0 && sampled(j) <= sampled(j - 1))) {
        fail(function, "classes(" + std::to_string(j) + ") is " + std::to_string(sampled(j)) +
                           ": classes must be ascending, each once");
      }
    }
    for (index_t i = 0; i < labels.extent(0); ++i) {
      if (labels(i) >= 0 && column(i) < 0) {
        fail(function, "labels(" + std::to_string(i) + ") is " + std::to_string(labels(i)) +
                           ", which is not among the " + std::to_string(sampled.extent(0)) +
                           " sampled classes");
      }
    }
  }
};

template <class L>
all_targets<L> as_targets(vector_view<L> labels) {
  COUPLEFACE_EXPECT_IDS("margin_softmax_loss", "labels", L);
  return {labels};
}

template <class L, class I>
sampled_targets<L, I> as_targets(sampled_targets<L, I> targets) {
  COUPLEFACE_EXPECT_IDS("margin_softmax_loss", "labels", L);
  COUPLEFACE_EXPECT_IDS("margin_softmax_loss", "classes", I);
  return targets;
}

template <class Logits>
inline constexpr bool has_bfloat16_products = false;
template <class Logits>
inline constexpr bool has_bfloat16_products<bfloat16_products<Logits>> = true;

template <class T, class = void>
inline constexpr bool is_logits_choice = false;
template <class T>
inline constexpr bool is_logits_choice<T, std::enable_if_t<T::kept || !T::kept>> = true;

inline void check_softmax_gradient(char const*, no_gradient, char const*, index_t, index_t) {}
template <class G>
void check_softmax_gradient(char const* argument, matrix_view<G> gradient, char const* reference,
                            index_t rows, index_t columns) {
  COUPLEFACE_EXPECT_ELEMENTS("margin_softmax_loss", "a gradient", G);
  COUPLEFACE_EXPECT_OUTPUT("margin_softmax_loss", "a gradient", G);
  expect_same_shape(
      "margin_softmax_loss", argument, gradient, reference,
      matrix_view<G>(gradient.data_handle(), rows, columns, std::max(columns, gradient.stride(0))));
}

/// Checks types and shapes of every form; writes nothing. Gradients may be no_gradient{}.
template <class Policy, class Logits, class E, class W, class N, class L, class Gradient,
          class WeightGradient>
void check_margin_softmax(matrix_view<E> embeddings, matrix_view<W> weights, N labels,
                          scalar_view<L> loss, Gradient embedding_gradient,
                          WeightGradient weight_gradient) {
  constexpr char const* function = "margin_softmax_loss";
  COUPLEFACE_EXPECT_POLICY("margin_softmax_loss", Policy);
  COUPLEFACE_EXPECT_ELEMENTS("margin_softmax_loss", "embeddings", E);
  COUPLEFACE_EXPECT_ELEMENTS("margin_softmax_loss", "weights", W);
  static_assert(std::is_same_v<L, float> || std::is_same_v<L, double>,
                "coupleface::margin_softmax_loss: loss must be a view of float or double");
  static_assert(is_logits_choice<Logits>,
                "coupleface::margin_softmax_loss: logits must be recompute_logits, keep_logits or "
                "bfloat16_products<...>");
  static_assert(!has_bfloat16_products<Logits> || !(std::is_same_v<E const, double const> ||
                                                    std::is_same_v<W const, double const>),
                "coupleface::margin_softmax_loss: bfloat16_products are not for rows of double");
  expect_view(function, "embeddings", embeddings);
  expect_view(function, "weights", weights);
  expect_view(function, "loss", loss);
  as_targets(labels).expect_views(function);
  expect_equal(function, "width of weights", weights.extent(1), "width of embeddings",
               embeddings.extent(1));
  expect_equal(function, "size of labels", as_targets(labels).labels.extent(0),
               "rows of embeddings", embeddings.extent(0));
  check_softmax_gradient("embedding_gradient", embedding_gradient, "embeddings",
                         embeddings.extent(0), embeddings.extent(1));
  check_softmax_gradient("weight_gradient", weight_gradient, "the classes' weights",
                         as_targets(labels).classes(weights.extent(0)), weights.extent(1));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
