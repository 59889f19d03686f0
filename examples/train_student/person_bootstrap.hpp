// Where it is judged whether one method is better than another or was lucky with the people it met:
// the library's resamples of identities, the same people for every method, made into intervals of
// differences.
#pragma once

#include <coupleface/evaluation/bootstrap.hpp>
#include <thrust/system/omp/execution_policy.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dataset.hpp"
#include "verification_run.hpp"

namespace train_student {

/// The numbers that methods are compared by.
enum measure { measure_accuracy, measure_tar_1e2, measure_tar_1e3, measure_count };

/// A difference of two means over seeds and where 95 % of the resamples put it.
struct difference_interval : coupleface::percentile_interval {
  bool undecided() const { return !(low > 0 || high < 0); }
};

/// `better` minus `base`, over the seeds that both were run with.
struct paired_difference {
  std::string base, better;
  int seeds = 0;
  difference_interval measures[measure_count];
};

namespace detail {

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
  return {coupleface::interval_of(std::move(differences))};
}

/// The library's resamples of one run. The same seed draws the same people for every run.
inline coupleface::resampled_rates resample(run_record const& run,
                                            std::vector<verification_pair> const& pairs,
                                            face_dataset const& faces, int resamples,
                                            std::uint64_t seed) {
  std::vector<std::uint8_t> same;
  std::vector<std::int32_t> folds, a, b;
  for (auto const& pair : pairs) {
    same.push_back(pair.same ? 1 : 0);
    folds.push_back(pair.fold);
    a.push_back(faces.labels[static_cast<std::size_t>(pair.a)]);
    b.push_back(faces.labels[static_cast<std::size_t>(pair.b)]);
  }
  auto const view_of = [](auto const& v) {
    return coupleface::make_vector_view(v.data(), static_cast<std::int64_t>(v.size()));
  };
  return coupleface::resample_identities(thrust::omp::par, view_of(run.pair_scores), view_of(same),
                                         view_of(a), view_of(b), view_of(folds), {1e-2, 1e-3},
                                         resamples, seed);
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
  detail::resampled_values values[measure_count];
  for (auto const& run : runs) {
    auto rates = detail::resample(run, pairs, faces, resamples, seed);
    values[measure_accuracy].push_back(std::move(rates.accuracies));
    values[measure_tar_1e2].push_back(std::move(rates.tars[0]));
    values[measure_tar_1e3].push_back(std::move(rates.tars[1]));
  }

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
