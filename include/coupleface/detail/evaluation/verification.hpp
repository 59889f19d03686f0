// coupleface: scores of pairs, and their operating points, host side.
#pragma once

#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/scratch.hpp>
#include <coupleface/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

/// Stops a call with no policy, or with one whose memory the host cannot read. A CUDA overload of
/// the detail function (sort by score, scan of the labels, copy of the points) may lift this.
#define COUPLEFACE_EXPECT_HOST_POLICY(function, Policy)                                   \
  COUPLEFACE_EXPECT_POLICY(function, Policy);                                             \
  static_assert(!COUPLEFACE_HAS_CUDA || ::coupleface::detail::is_host_policy_v<Policy> || \
                    !::coupleface::detail::is_thrust_policy_v<Policy>,                    \
                "coupleface::" function                                                   \
                ": runs on the host so far; copy the scores there and"                    \
                " pass a host policy")

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
                "half or bfloat16");
  static_assert(std::is_integral_v<Y>,
                "coupleface::roc, k_fold_accuracy: same must have elements of an integer or bool");
  expect_pairs(function, "same", same, "scores", scores);
}

template <class Id>
void expect_ids_inside(char const* function, char const* argument, vector_view<Id const> ids,
                       char const* reference, index_t rows) {
  for (index_t i = 0; i < ids.extent(0); ++i) {
    if (ids(i) < 0 || index_t(ids(i)) >= rows) {
      fail(function, std::string(argument) + "(" + std::to_string(i) + ") is " +
                         std::to_string(ids(i)) + ", but " + reference + " has " +
                         std::to_string(rows) + " rows");
    }
  }
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

template <class Derived, class A, class B, class I, class J, class S, class Relation>
void pair_scores(host_policy<Derived> const& base, matrix_view<A const> a, matrix_view<B const> b,
                 vector_view<I const> a_ids, vector_view<J const> b_ids, vector_view<S> scores,
                 Relation relation) {
  auto const& policy = static_cast<Derived const&>(base);
  expect_ids_inside("pair_scores", "a_ids", a_ids, "a", a.extent(0));
  expect_ids_inside("pair_scores", "b_ids", b_ids, "b", b.extent(0));
  index_t const rows = a.extent(0) + b.extent(0);
  bool const few_pairs = 2 * scores.extent(0) <= rows;  // few: their own norms only; the same bits
  scratch<double, Derived> const norms(policy, few_pairs ? 0 : rows);
  double* const a_norms = norms.data();
  double* const b_norms = few_pairs ? nullptr : a_norms + a.extent(0);
  if (!few_pairs) {
    row_norms(policy, a, a_norms);
    row_norms(policy, b, b_norms);
  }
  for_each_index(policy, scores.extent(0), [=](index_t i) {
    A const* const x = a.row(a_ids(i));
    B const* const y = b.row(b_ids(i));
    row<A> const x_row{x, a.extent(1), few_pairs ? row_norm(x, a.extent(1)) : a_norms[a_ids(i)]};
    row<B> const y_row{y, b.extent(1), few_pairs ? row_norm(y, b.extent(1)) : b_norms[b_ids(i)]};
    scores(i) = store<S>(relation(x_row, y_row));
  });
}

/// A pair in the order of its score. `fold` counts from 0.
struct ranked_pair {
  double score;
  std::uint64_t fold : 63;
  std::uint64_t same : 1;
};

/// Pairs whose score is a number, highest score first, into `ranking`; how many they are. Equal
/// scores are in no order: nothing may depend on it. -0 becomes 0, which it equals.
template <class S, class Y, class FoldOf>
index_t rank_pairs(vector_view<S const> scores, vector_view<Y const> same, FoldOf fold_of,
                   ranked_pair* ranking) {
  index_t ranked = 0;
  for (index_t i = 0; i < scores.extent(0); ++i) {
    double const score = load(scores(i)) + 0.0;
    if (std::isnan(score)) { continue; }
    ranking[ranked].score = score;
    ranking[ranked].fold = std::uint64_t(fold_of(i));
    ranking[ranked].same = same(i) == Y(1);
    ++ranked;
  }
  std::sort(ranking, ranking + ranked,
            [](ranked_pair const& x, ranked_pair const& y) { return x.score > y.score; });
  return ranked;
}

/// Does the run of equal scores end behind pair i?
inline bool ends_tie(ranked_pair const* ranking, index_t i, index_t ranked) {
  return i + 1 == ranked || ranking[i + 1].score != ranking[i].score;
}

template <class Derived, class S, class Y, class Curve>
void roc(host_policy<Derived> const& base, vector_view<S const> scores, vector_view<Y const> same,
         Curve& curve) {
  auto const& policy = static_cast<Derived const&>(base);
  expect_flags("roc", same);
  scratch<ranked_pair, Derived> const memory(policy, scores.extent(0));
  ranked_pair const* const ranking = memory.data();
  index_t const ranked = rank_pairs(
      scores, same, [](index_t) { return 0; }, memory.data());
  double of[2] = {0, 0};  // how many pairs are different, same
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
  if (behind == curve.far.begin() || std::isnan(curve.far.front())) {
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
    return curve.far[k - 1] + before / (before - after) * (curve.far[k] - curve.far[k - 1]);
  }
  return std::nan("");
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
