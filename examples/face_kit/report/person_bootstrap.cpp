// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/person_bootstrap.hpp"

#include <coupleface/evaluation/bootstrap.hpp>
#include <thrust/system/omp/execution_policy.h>

#include <cstddef>
#include <utility>

namespace face_kit {

namespace {

/// values[run][0] is the value on all people, values[run][1 ...] those of the resamples.
using resampled_values = std::vector<std::vector<double>>;

difference_interval interval_of(resampled_values const& values,
                                std::vector<std::pair<std::size_t, std::size_t>> const& runs) {
  std::vector<double> differences;
  for (std::size_t r = 0; r < values.front().size(); ++r) {
    double sum = 0;
    for (auto const& [base, better] : runs) sum += values[better][r] - values[base][r];
    differences.push_back(sum / static_cast<double>(runs.size()));
  }
  auto const interval = coupleface::interval_of(std::move(differences));
  return {interval.estimate, interval.low, interval.high};
}

/// The library's resamples of one run. The same seed samples the same people for every run.
coupleface::resampled_rates resample(run_record const& run,
                                     std::vector<verification_pair> const& pairs,
                                     face_dataset const& faces, int resamples, std::uint64_t seed) {
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

}  // namespace

std::vector<paired_difference> compare_methods(std::vector<run_record> const& runs,
                                               std::vector<verification_pair> const& pairs,
                                               face_dataset const& faces, int resamples,
                                               std::uint64_t seed) {
  resampled_values values[measure_count];
  for (auto const& run : runs) {
    auto rates = resample(run, pairs, faces, resamples, seed);
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
        difference.measures[m] = interval_of(values[m], shared);
      }
      differences.push_back(std::move(difference));
    }
  }
  return differences;
}

}  // namespace face_kit
