// Where it is judged whether one method is better than another or was lucky with the people it met:
// a paired bootstrap that draws people anew, with all their pairs, and weighs every method's scores
// alike.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dataset.hpp"
#include "random_stream.hpp"
#include "verification_run.hpp"

namespace train_student {

/// The numbers that methods are compared by.
enum measure { measure_accuracy, measure_tar_1e2, measure_tar_1e3, measure_count };

/// A difference of two means over seeds and where 95 % of the resamples put it.
struct difference_interval {
  double estimate = 0;
  double low = 0;
  double high = 0;
  bool undecided() const { return !(low > 0 || high < 0); }
};

/// `better` minus `base`, over the seeds that both were run with.
struct paired_difference {
  std::string base, better;
  int seeds = 0;
  difference_interval measures[measure_count];
};

namespace detail {

/// One run's pairs, sorted once, so that each resample is a single walk.
class weighed_run {
 public:
  weighed_run(run_record const& run, std::vector<verification_pair> const& pairs)
      : pairs_(pairs), scores_(run.pair_scores) {
    auto const folds = accuracy_of_folds(scores_, pairs);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      auto const fold = static_cast<std::size_t>(
          std::lower_bound(folds.folds.begin(), folds.folds.end(), pairs[i].fold) -
          folds.folds.begin());
      fold_of_pair_.push_back(fold);
      bool const accepted = static_cast<double>(scores_[i]) >= folds.thresholds[fold];
      right_.push_back(accepted == pairs[i].same ? 1 : 0);
    }
    fold_count_ = folds.folds.size();
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (!std::isnan(scores_[i])) order_.push_back(i);  // never accepted
    }
    std::sort(order_.begin(), order_.end(),
              [&](std::size_t a, std::size_t b) { return scores_[a] > scores_[b]; });
  }

  /// Each pair counted `weights` times. Thresholds of accuracy stay those of the unweighted pairs:
  /// what is resampled is who was met, not how the threshold was chosen.
  void measure(std::vector<double> const& weights, double (&result)[measure_count]) const {
    result[measure_accuracy] = accuracy(weights);
    result[measure_tar_1e2] = tar(weights, 1e-2);
    result[measure_tar_1e3] = tar(weights, 1e-3);
  }

 private:
  double accuracy(std::vector<double> const& weights) const {
    std::vector<double> right(fold_count_), all(fold_count_);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      all[fold_of_pair_[i]] += weights[i];
      right[fold_of_pair_[i]] += weights[i] * right_[i];
    }
    double sum = 0;
    int folds = 0;
    for (std::size_t f = 0; f < fold_count_; ++f) {
      if (all[f] <= 0) continue;  // none of its people were drawn
      sum += right[f] / all[f];
      ++folds;
    }
    return sum / folds;
  }

  double tar(std::vector<double> const& weights, double far) const {
    double totals[2] = {};
    for (std::size_t i = 0; i < weights.size(); ++i) totals[pairs_[i].same] += weights[i];
    double accepted[2] = {};
    double best = 0;
    for (std::size_t k = 0; k < order_.size(); ++k) {
      accepted[pairs_[order_[k]].same] += weights[order_[k]];
      bool const tied = k + 1 < order_.size() && scores_[order_[k]] == scores_[order_[k + 1]];
      if (tied) continue;
      if (accepted[0] / totals[0] > far) break;
      best = accepted[1];
    }
    return totals[0] > 0 ? best / totals[1] : std::numeric_limits<double>::quiet_NaN();
  }

  std::vector<verification_pair> const& pairs_;
  std::vector<float> const& scores_;
  std::vector<std::size_t> order_;         ///< of falling score, without NaN
  std::vector<std::size_t> fold_of_pair_;  ///< position of the pair's fold
  std::vector<std::uint8_t> right_;        ///< judged rightly at the threshold of its fold
  std::size_t fold_count_ = 0;
};

/// Draws as many people as there are, with replacement, and weighs each pair by how often its
/// people came: a pair of one person as often as the person, a pair of two as often as both meet.
class people_resampler {
 public:
  people_resampler(std::vector<verification_pair> const& pairs, face_dataset const& faces)
      : pairs_(pairs) {
    std::map<std::int32_t, std::size_t> position;
    auto const position_of = [&](int row) {
      auto const label = faces.labels[static_cast<std::size_t>(row)];
      return position.emplace(label, position.size()).first->second;
    };
    for (auto const& pair : pairs) {
      auto const a = position_of(pair.a);
      people_of_pair_.emplace_back(a, position_of(pair.b));
    }
    people_ = position.size();
  }

  std::vector<double> draw(random_stream random) const {
    std::vector<double> counts(people_);
    for (std::size_t i = 0; i < people_; ++i) {
      counts[random.below(static_cast<std::uint32_t>(people_))] += 1;
    }
    std::vector<double> weights;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      auto const [a, b] = people_of_pair_[i];
      weights.push_back(pairs_[i].same ? counts[a] : counts[a] * counts[b]);
    }
    return weights;
  }

 private:
  std::vector<verification_pair> const& pairs_;
  std::vector<std::pair<std::size_t, std::size_t>> people_of_pair_;
  std::size_t people_ = 0;
};

/// Value at a share of sorted values, linear between them.
inline double quantile(std::vector<double> const& sorted, double share) {
  double const position = share * static_cast<double>(sorted.size() - 1);
  auto const below = static_cast<std::size_t>(position);
  auto const above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - std::floor(position));
}

/// values[run][0] is the run's own number, values[run][1 ...] those of the resamples.
using resampled_values = std::vector<std::vector<double>>;

inline difference_interval interval_of(
    resampled_values const& values, std::vector<std::pair<std::size_t, std::size_t>> const& runs) {
  std::vector<double> differences;
  for (std::size_t r = 0; r < values.front().size(); ++r) {
    double sum = 0;
    for (auto const& [base, better] : runs) sum += values[better][r] - values[base][r];
    differences.push_back(sum / static_cast<double>(runs.size()));
  }
  difference_interval result;
  result.estimate = differences.front();
  differences.erase(differences.begin());
  differences.erase(std::remove_if(differences.begin(), differences.end(),
                                   [](double x) { return std::isnan(x); }),
                    differences.end());
  auto const none = std::numeric_limits<double>::quiet_NaN();
  std::sort(differences.begin(), differences.end());
  result.low = differences.empty() ? none : quantile(differences, 0.025);
  result.high = differences.empty() ? none : quantile(differences, 0.975);
  return result;
}

}  // namespace detail

/// @brief Compares each two methods, later minus earlier in the order of first appearance.
///
/// The interval covers the choice of people. It does not cover that of seeds: three seeds cannot
/// say how the fourth would turn out, and their spread stands in the table beside it.
///
/// @param resamples  of the people; 2000 place the ends of the interval to a few percent of its
/// width
/// @complexity O(runs x resamples x pairs)
inline std::vector<paired_difference> compare_methods(std::vector<run_record> const& runs,
                                                      std::vector<verification_pair> const& pairs,
                                                      face_dataset const& faces,
                                                      int resamples = 2000,
                                                      std::uint64_t seed = 1) {
  std::vector<detail::weighed_run> weighed;
  for (auto const& run : runs) weighed.emplace_back(run, pairs);
  detail::people_resampler const people(pairs, faces);
  detail::resampled_values values[measure_count];
  for (auto& of_measure : values) {
    of_measure.assign(runs.size(), std::vector<double>(static_cast<std::size_t>(resamples) + 1));
  }
  for_each_index(resamples + 1, [&](int r) {
    auto const weights = r == 0 ? std::vector<double>(pairs.size(), 1.0)
                                : people.draw(random_stream{seed, static_cast<std::uint64_t>(r)});
    for (std::size_t run = 0; run < runs.size(); ++run) {
      double result[measure_count];
      weighed[run].measure(weights, result);
      for (int m = 0; m < measure_count; ++m)
        values[m][run][static_cast<std::size_t>(r)] = result[m];
    }
  });

  auto const methods = methods_of(runs);
  std::vector<paired_difference> differences;
  for (std::size_t better = 1; better < methods.size(); ++better) {
    for (std::size_t base = 0; base < better; ++base) {
      std::vector<std::pair<std::size_t, std::size_t>> shared;
      for (std::size_t a = 0; a < runs.size(); ++a) {
        for (std::size_t b = 0; b < runs.size(); ++b) {
          if (runs[a].method == methods[base] && runs[b].method == methods[better] &&
              runs[a].seed == runs[b].seed) {
            shared.emplace_back(a, b);
          }
        }
      }
      if (shared.empty()) continue;
      paired_difference difference{
          methods[base], methods[better], static_cast<int>(shared.size()), {}};
      for (int m = 0; m < measure_count; ++m) {
        difference.measures[m] = detail::interval_of(values[m], shared);
      }
      differences.push_back(std::move(difference));
    }
  }
  return differences;
}

}  // namespace train_student
