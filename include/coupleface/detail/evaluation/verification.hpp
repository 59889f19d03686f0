// SPDX-License-Identifier: Apache-2.0
// coupleface: operating points of scored pairs.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/host_side.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/rounded_product.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

template <class T, class S>
void expect_pairs(char const* function, char const* argument, vector_view<T> view,
                  char const* reference, vector_view<S> expected) {
  expect_view(function, argument, view);
  expect_view(function, reference, expected);
  expect_equal(function, (std::string("size of ") + argument).c_str(), view.extent(0),
               (std::string("size of ") + reference).c_str(), expected.extent(0));
}

template <class S, class Y>
void expect_judged_pairs(char const* function, vector_view<S> scores, vector_view<Y> same) {
  static_assert(is_element<std::remove_cv_t<S>>::value,
                "coupleface::roc, k_fold_accuracy: scores must have elements of float, double, "
                "float16 or bfloat16");
  static_assert(std::is_integral_v<Y>,
                "coupleface::roc, k_fold_accuracy: same must have elements of an integer or bool");
  expect_pairs(function, "same", same, "scores", scores);
}

template <class Y>
void expect_flags(char const* function, vector_view<Y const> same) {
  for (index_t i = 0; i < same.extent(0); ++i) {
    if (same(i) != Y(0) && same(i) != Y(1)) {
      fail(function,
           "same(" + std::to_string(i) + ") is " + std::to_string(same(i)) + ", neither 0 nor 1");
    }
  }
}

inline void expect_fars(char const* function, std::vector<double> const& fars) {
  expect(std::all_of(fars.begin(), fars.end(), [](double far) { return far >= 0 && far <= 1; }),
         function, "every target in fars must be in [0, 1]");
}

/// A pair in score order. `fold` counts from 0.
struct ranked_pair {
  double score;
  std::uint64_t fold : 63;
  std::uint64_t same : 1;
};

/// Pairs whose score is not NaN, highest score first, into `ranking`; returns their count. The
/// order of equal scores is unspecified: nothing may depend on it. -0 becomes 0, which it equals.
template <class S, class Y, class FoldOf>
index_t rank_pairs(vector_view<S const> scores, vector_view<Y const> same, FoldOf fold_of,
                   ranked_pair* ranking) {
  index_t ranked = 0;
  for (index_t i = 0; i < scores.extent(0); ++i) {
    double const score = load(scores(i)) + 0.0;
    if (is_nan(score)) { continue; }
    ranking[ranked].score = score;
    ranking[ranked].fold = std::uint64_t(fold_of(i)) & ~std::uint64_t(0) >> 1;
    ranking[ranked].same = same(i) == Y(1);
    ++ranked;
  }
  std::sort(ranking, ranking + ranked,
            [](ranked_pair const& x, ranked_pair const& y) { return x.score > y.score; });
  return ranked;
}

/// Whether the run of equal scores ends with pair i.
inline bool ends_tie(ranked_pair const* ranking, index_t i, index_t ranked) {
  return i + 1 == ranked || ranking[i + 1].score != ranking[i].score;
}

template <class Derived, class S, class Y, class Curve>
void trace_curve(Derived const& policy, vector_view<S const> scores, vector_view<Y const> same,
                 Curve& curve) {
  expect_flags("roc", same);
  scratch<ranked_pair, Derived> const memory(policy, scores.extent(0));
  ranked_pair const* const ranking = memory.data();
  index_t const ranked = rank_pairs(
      scores, same, [](index_t) { return 0; }, memory.data());
  double of[2] = {0, 0};  // number of different pairs, of same pairs
  for (index_t i = 0; i < same.extent(0); ++i) { ++of[same(i) == Y(1)]; }
  double accepted[2] = {0, 0};
  auto const add_point = [&](double threshold) {
    curve.thresholds.push_back(threshold);
    curve.far.push_back(of[0] > 0 ? accepted[0] / of[0] : std::nan(""));
    curve.tar.push_back(of[1] > 0 ? accepted[1] / of[1] : std::nan(""));
  };
  double const infinity = std::numeric_limits<double>::infinity();
  add_point(ranked > 0 && ranking[0].score == infinity ? std::nan("") : infinity);
  for (index_t i = 0; i < ranked; ++i) {
    ++accepted[ranking[i].same];
    if (ends_tie(ranking, i, ranked)) { add_point(ranking[i].score); }
  }
}

template <class Policy, class S, class Y, class Curve>
void roc(Policy const& policy, vector_view<S const> scores, vector_view<Y const> same,
         Curve& curve) {
  auto const score_list = on_host(policy, scores);
  auto const flags = on_host(policy, same);
  trace_curve(host_side(policy), score_list.vector(), flags.vector(), curve);
}

template <class Curve>
void expect_curve(char const* function, Curve const& curve) {
  bool const whole = !curve.far.empty() && curve.far.size() == curve.tar.size() &&
                     curve.far.size() == curve.thresholds.size();
  expect(whole, function, "curve has no points or columns of several lengths; use roc()");
}

template <class Point, class Curve>
Point point_at_far(Curve const& curve, double far) {
  expect(far >= 0 && far <= 1, "tar_at_far", "far must be in [0, 1]");
  expect_curve("tar_at_far", curve);
  auto const behind = std::upper_bound(curve.far.begin(), curve.far.end(), far);
  if (behind == curve.far.begin() || is_nan(curve.far.front())) {
    return {std::nan(""), std::nan(""), std::nan("")};
  }
  auto const k = static_cast<std::size_t>(behind - curve.far.begin() - 1);
  return {curve.thresholds[k], curve.far[k], curve.tar[k]};
}

template <class Curve>
double equal_error_rate(Curve const& curve) {
  expect_curve("equal_error_rate", curve);
  for (std::size_t k = 1; k < curve.far.size(); ++k) {
    double const after = curve.far[k] + curve.tar[k] - 1;
    if (!(after >= 0)) { continue; }
    double const before = curve.far[k - 1] + curve.tar[k - 1] - 1;  // negative
    return curve.far[k - 1] +
           rounded_product(before / (before - after), curve.far[k] - curve.far[k - 1]);
  }
  return std::nan("");
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
