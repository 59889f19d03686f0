// SPDX-License-Identifier: Apache-2.0
// coupleface: accuracy of every fold at the threshold of the other folds, host side.
#pragma once

#include <coupleface/detail/evaluation/verification.hpp>
#include <coupleface/detail/rounded_product.hpp>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

struct fold_counts {
  index_t pairs;
  index_t different;
};

/// Pairs and different pairs of every fold; returns the number of different pairs in all.
template <class Y, class FoldOf>
index_t count_folds(vector_view<Y const> same, FoldOf fold_of, fold_counts* counts,
                    index_t fold_count) {
  std::fill(counts, counts + fold_count, fold_counts{0, 0});
  index_t different = 0;
  for (index_t i = 0; i < same.extent(0); ++i) {
    fold_counts& fold = counts[fold_of(i)];
    ++fold.pairs;
    fold.different += same(i) == Y(0);
    different += same(i) == Y(0);
  }
  return different;
}

/// The most accurate threshold for the pairs outside `fold`, the largest one if several are.
/// Accepting nothing judges `different` of them correctly.
inline double best_threshold(ranked_pair const* ranking, index_t ranked, index_t fold,
                             index_t different) {
  double threshold = std::numeric_limits<double>::infinity();
  index_t right = different;
  index_t most = right;
  for (index_t i = 0; i < ranked; ++i) {
    if (index_t(ranking[i].fold) != fold) { right += ranking[i].same ? 1 : -1; }
    if (!ends_tie(ranking, i, ranked)) { continue; }
    // Every threshold accepts a score of +infinity, so accepting nothing is not possible then.
    if (right > most || ranking[i].score == std::numeric_limits<double>::infinity()) {
      most = right;
      threshold = ranking[i].score;
    }
  }
  return threshold;
}

inline double fold_accuracy(ranked_pair const* ranking, index_t ranked, index_t fold,
                            double threshold, fold_counts counts) {
  index_t right = counts.different;
  for (index_t i = 0; i < ranked && ranking[i].score >= threshold; ++i) {
    if (index_t(ranking[i].fold) == fold) { right += ranking[i].same ? 1 : -1; }
  }
  return double(right) / double(counts.pairs);
}

inline void mean_and_deviation(double const* values, index_t size, double& mean,
                               double& deviation) {
  double sum = 0;
  for (index_t i = 0; i < size; ++i) { sum += values[i]; }
  mean = sum / double(size);
  double squares = 0;
  for (index_t i = 0; i < size; ++i) {
    double const gap = values[i] - mean;
    squares += rounded_product(gap, gap);
  }
  deviation = std::sqrt(squares / double(size - 1));
}

template <class Derived, class S, class Y, class F, class Result>
void judge_folds(Derived const& policy, vector_view<S const> scores, vector_view<Y const> same,
                 vector_view<F const> folds, Result& result) {
  expect_flags("k_fold_accuracy", same);
  auto& ids = result.folds;
  ids.assign(folds.data_handle(), folds.data_handle() + folds.extent(0));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  index_t const fold_count = index_t(ids.size());
  expect(fold_count >= 2, "k_fold_accuracy", "folds names fewer than two folds");
  auto const fold_of = [&](index_t i) {
    return std::lower_bound(ids.begin(), ids.end(), std::int64_t(folds(i))) - ids.begin();
  };
  scratch<ranked_pair, Derived> const pairs(policy, scores.extent(0));
  index_t const ranked = rank_pairs(scores, same, fold_of, pairs.data());
  scratch<fold_counts, Derived> const counts(policy, fold_count);
  index_t const different = count_folds(same, fold_of, counts.data(), fold_count);
  result.thresholds.resize(ids.size());
  result.accuracies.resize(ids.size());
  for_each_index(
      policy, fold_count,
      [ranking = pairs.data(), ranked, different, counts = counts.data(),
       thresholds = result.thresholds.data(), accuracies = result.accuracies.data()](index_t f) {
        thresholds[f] = best_threshold(ranking, ranked, f, different - counts[f].different);
        accuracies[f] = fold_accuracy(ranking, ranked, f, thresholds[f], counts[f]);
      });
  mean_and_deviation(result.accuracies.data(), fold_count, result.mean, result.standard_deviation);
}

template <class Policy, class S, class Y, class F, class Result>
void k_fold_accuracy(Policy const& policy, vector_view<S const> scores, vector_view<Y const> same,
                     vector_view<F const> folds, Result& result) {
  auto const score_list = on_host(policy, scores);
  auto const flags = on_host(policy, same);
  auto const fold_list = on_host(policy, folds);
  judge_folds(host_side(policy), score_list.vector(), flags.vector(), fold_list.vector(), result);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
