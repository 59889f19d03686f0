// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/verification_run.hpp"

#include <coupleface/evaluation/verification.hpp>
#include <thrust/system/cpp/execution_policy.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace face_kit {

namespace {

coupleface::fold_accuracies accuracy_of_folds(std::vector<float> const& scores,
                                              std::vector<verification_pair> const& pairs) {
  std::vector<std::uint8_t> same;
  std::vector<std::int32_t> folds;
  for (auto const& pair : pairs) {
    same.push_back(pair.same ? 1 : 0);
    folds.push_back(pair.fold);
  }
  using coupleface::make_vector_view;
  return coupleface::k_fold_accuracy(
      thrust::cpp::par, make_vector_view(scores.data(), static_cast<std::int64_t>(scores.size())),
      make_vector_view(same.data(), static_cast<std::int64_t>(same.size())),
      make_vector_view(folds.data(), static_cast<std::int64_t>(folds.size())));
}

coupleface::roc_curve roc_of(std::vector<float> const& scores,
                             std::vector<verification_pair> const& pairs) {
  std::vector<std::uint8_t> same;
  for (auto const& pair : pairs) same.push_back(pair.same ? 1 : 0);
  using coupleface::make_vector_view;
  return coupleface::roc(thrust::cpp::par,
                         make_vector_view(scores.data(), static_cast<std::int64_t>(scores.size())),
                         make_vector_view(same.data(), static_cast<std::int64_t>(same.size())));
}

}  // namespace

std::vector<double> tars_at(std::vector<float> const& scores,
                            std::vector<verification_pair> const& pairs,
                            std::vector<double> const& fars) {
  auto const curve = roc_of(scores, pairs);
  std::vector<double> tars;
  for (double const far : fars) tars.push_back(coupleface::tar_at_far(curve, far).tar);
  return tars;
}

verification_summary summarise(std::vector<float> const& scores,
                               std::vector<verification_pair> const& pairs) {
  if (scores.size() != pairs.size()) {
    throw std::invalid_argument("summarise: " + std::to_string(scores.size()) + " scores for " +
                                std::to_string(pairs.size()) + " pairs");
  }
  auto const folds = accuracy_of_folds(scores, pairs);
  auto const curve = roc_of(scores, pairs);
  verification_summary summary;
  summary.accuracy = folds.mean;
  summary.accuracy_deviation = folds.standard_deviation;
  summary.tar_1e2 = coupleface::tar_at_far(curve, 1e-2).tar;
  summary.tar_1e3 = coupleface::tar_at_far(curve, 1e-3).tar;
  summary.eer = coupleface::equal_error_rate(curve);
  return summary;
}

std::vector<std::string> methods_of(std::vector<run_record> const& runs) {
  std::vector<std::string> methods;
  for (auto const& run : runs) {
    if (std::find(methods.begin(), methods.end(), run.method) == methods.end()) {
      methods.push_back(run.method);
    }
  }
  return methods;
}

}  // namespace face_kit
