// SPDX-License-Identifier: Apache-2.0
// coupleface: verification results of pairs weighted by how often their people were resampled.
#pragma once

#include <coupleface/detail/evaluation/k_fold.hpp>
#include <coupleface/detail/evaluation/resampled_people.hpp>

#include <numeric>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Pairs sorted once, so that each resample needs a single pass; the first `ranked` have scores
/// that are not NaN.
struct sorted_pairs {
  resampled_pair const* pairs;
  index_t count, ranked, folds, people;
};

/// All sums are of integers, so they are exact.
class weighed_pairs {
 public:
  explicit weighed_pairs(sorted_pairs const& sorted)
      : pairs_(sorted.pairs), count_(sorted.count), ranked_(sorted.ranked), folds_(sorted.folds) {}

  /// Mean over the folds in which a pair has weight; `sums` is scratch for two numbers per fold.
  /// NaN without folds.
  double accuracy(std::uint32_t const* counts, double* sums) const {
    std::fill(sums, sums + 2 * folds_, 0.0);
    for (index_t i = 0; i < count_; ++i) {
      double const weight = weight_of(pairs_[i], counts);
      sums[2 * pairs_[i].fold] += weight;
      sums[2 * pairs_[i].fold + 1] += weight * pairs_[i].right;
    }
    double sum = 0, met = 0;
    for (index_t f = 0; f < folds_; ++f) {
      if (sums[2 * f] > 0) { sum += sums[2 * f + 1] / sums[2 * f], ++met; }
    }
    return sum / met;
  }

  /// TAR at each of the ascending targets.
  void tars(std::uint32_t const* counts, std::vector<double> const& fars, double* result) const {
    double totals[2] = {0, 0}, accepted[2] = {0, 0}, best = 0;
    for (index_t i = 0; i < count_; ++i) { totals[pairs_[i].same] += weight_of(pairs_[i], counts); }
    std::size_t k = 0;
    auto const rate = [&] { return totals[0] > 0 ? best / totals[1] : std::nan(""); };
    for (index_t i = 0; i < ranked_ && k < fars.size(); ++i) {
      accepted[pairs_[i].same] += weight_of(pairs_[i], counts);
      if (i + 1 < ranked_ && pairs_[i].score == pairs_[i + 1].score) { continue; }
      for (; k < fars.size() && accepted[0] / totals[0] > fars[k]; ++k) { result[k] = rate(); }
      best = accepted[1];
    }
    for (; k < fars.size(); ++k) { result[k] = rate(); }
  }

 private:
  resampled_pair const* pairs_;
  index_t count_, ranked_, folds_;
};

/// Sets each pair's fold and whether it is judged correctly there, with the thresholds of the
/// original pairs; returns the number of folds.
template <class FoldAccuracies, class Derived, class S, class Y, class F>
index_t judge_pairs(Derived const& policy, vector_view<S const> scores, vector_view<Y const> same,
                    vector_view<F const> folds, resampled_pair* pairs) {
  FoldAccuracies found;
  judge_folds(policy, scores, same, folds, found);
  for (index_t i = 0; i < folds.extent(0); ++i) {
    auto const fold = std::lower_bound(found.folds.begin(), found.folds.end(), folds(i));
    auto const at = static_cast<std::uint32_t>(fold - found.folds.begin());
    pairs[i].fold = at & 0x3fffffffu;
    pairs[i].right = (load(scores(i)) >= found.thresholds[at]) == (same(i) == Y(1));
  }
  return index_t(found.folds.size());
}

/// Sorts by score, highest first, NaN (never accepted) last; returns how many are not NaN.
inline index_t sort_pairs(resampled_pair* pairs, index_t count) {
  auto* const end = std::partition(pairs, pairs + count,
                                   [](resampled_pair const& x) { return !is_nan(x.score); });
  std::sort(pairs, end,
            [](resampled_pair const& x, resampled_pair const& y) { return x.score > y.score; });
  return end - pairs;
}

/// Results of every resample: accuracy, then TAR at each of the ascending targets. Resample 0 is
/// the original pairs.
template <class Derived>
void walk_resamples(host_policy<Derived> const& base, sorted_pairs const& sorted,
                    std::vector<double> const& fars, index_t resamples, std::uint64_t seed,
                    double* numbers) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const lanes = lane_count(resamples), people = sorted.people, folds = sorted.folds;
  scratch<std::uint32_t, Derived> const counts(policy, lanes * people);
  scratch<double, Derived> const sums(policy, lanes * 2 * folds);
  for_each_index(policy, lanes, [=, &fars, counts = counts.data(), sums = sums.data()](index_t l) {
    weighed_pairs const pairs(sorted);
    std::uint32_t* const mine = counts + l * people;
    index_t const width = 1 + index_t(fars.size());
    for (index_t r = lane_begin(l, lanes, resamples); r < lane_begin(l + 1, lanes, resamples);
         ++r) {
      draw_people(seed, r, mine, people);
      numbers[r * width] = folds > 0 ? pairs.accuracy(mine, sums + l * 2 * folds) : 0;
      pairs.tars(mine, fars, numbers + r * width + 1);
    }
  });
}

/// Numbers the people, judges the folds and sorts, all on the host.
template <class FoldAccuracies, class Derived, class S, class Y, class I, class J, class F>
sorted_pairs prepare_pairs(Derived const& policy, vector_view<S const> scores,
                           vector_view<Y const> same, vector_view<I const> a,
                           vector_view<J const> b, vector_view<F const> folds,
                           resampled_pair* pairs) {
  index_t const count = scores.extent(0);
  expect_flags("resample_identities", same);
  expect_same_people("resample_identities", same, a, b);
  for (index_t i = 0; i < count; ++i) { pairs[i] = {load(scores(i)), 0, 0, 0, same(i) == Y(1), 0}; }
  index_t const people = number_people(a, b, pairs);
  index_t const fold_count =
      folds.extent(0) == 0 ? 0 : judge_pairs<FoldAccuracies>(policy, scores, same, folds, pairs);
  return {pairs, count, sort_pairs(pairs, count), fold_count, people};
}

/// Walks the resamples and returns the results in the order of the targets.
template <class Policy, class Result>
void resample_pairs(Policy const& policy, sorted_pairs const& pairs,
                    std::vector<double> const& fars, index_t resamples, std::uint64_t seed,
                    Result& result) {
  // The walk needs ascending targets; `place` gives their original positions.
  std::vector<std::size_t> place(fars.size());
  std::iota(place.begin(), place.end(), std::size_t(0));
  std::sort(place.begin(), place.end(),
            [&](std::size_t x, std::size_t y) { return fars[x] < fars[y]; });
  std::vector<double> ascending;
  for (std::size_t const k : place) { ascending.push_back(fars[k]); }
  auto const size = std::size_t(resamples + 1), width = 1 + fars.size();
  std::vector<double> numbers(size * width);
  walk_resamples(policy, pairs, ascending, resamples + 1, seed, numbers.data());
  result.accuracies.assign(pairs.folds > 0 ? size : 0, 0.0);
  result.tars.assign(fars.size(), std::vector<double>(size));
  for (std::size_t r = 0; r < size; ++r) {
    if (pairs.folds > 0) { result.accuracies[r] = numbers[r * width]; }
    for (std::size_t k = 0; k < place.size(); ++k) {
      result.tars[place[k]][r] = numbers[r * width + 1 + k];
    }
  }
}

template <class FoldAccuracies, class Policy, class S, class Y, class I, class J, class F,
          class Result>
void resample_identities(Policy const& policy, vector_view<S const> scores,
                         vector_view<Y const> same, vector_view<I const> a, vector_view<J const> b,
                         vector_view<F const> folds, std::vector<double> const& fars,
                         index_t resamples, std::uint64_t seed, Result& result) {
  auto const& host = host_side(policy);
  scratch<resampled_pair, std::decay_t<decltype(host)>> const memory(host, scores.extent(0));
  sorted_pairs pairs{};
  {
    auto const score_list = on_host(policy, scores);
    auto const flags = on_host(policy, same);
    auto const first = on_host(policy, a);
    auto const second = on_host(policy, b);
    auto const fold_list = on_host(policy, folds);
    pairs = prepare_pairs<FoldAccuracies>(host, score_list.vector(), flags.vector(), first.vector(),
                                          second.vector(), fold_list.vector(), memory.data());
  }
  resample_pairs(policy, pairs, fars, resamples, seed, result);
}

/// Quantile of sorted values, interpolated linearly.
inline double quantile(std::vector<double> const& sorted, double share) {
  double const position = rounded_product(share, double(sorted.size() - 1));
  auto const below = static_cast<std::size_t>(position);
  auto const above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] +
         rounded_product(sorted[above] - sorted[below], position - std::floor(position));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#if COUPLEFACE_HAS_KERNELS
#include <coupleface/detail/cuda/evaluation/bootstrap.cuh>
#include <coupleface/detail/rounded_product.hpp>
#endif
