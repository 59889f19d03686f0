// SPDX-License-Identifier: Apache-2.0
// Intervals of the differences between methods, from the library's resamples of identities, with
// the same people for every method: whether a difference depends on the choice of people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"
#include "face_kit/report/verification_run.hpp"

namespace face_kit {

/// The numbers by which methods are compared.
enum compared_measure { measure_accuracy, measure_tar_1e2, measure_tar_1e3, measure_count };

/// A difference of two means over seeds, and the interval that holds 95 % of the resamples.
struct difference_interval {
  double estimate = 0, low = 0, high = 0;
  bool undecided() const { return !(low > 0 || high < 0); }
};

/// `better` minus `base`, over the seeds that both have.
struct paired_difference {
  std::string base, better;
  int seeds = 0;
  difference_interval measures[measure_count];
};

/// @brief Compares every two methods, later minus earlier in order of first appearance.
///
/// The interval covers the choice of people, not that of seeds: three seeds cannot predict a
/// fourth. The table shows the deviation over seeds beside it.
///
/// @param resamples  of the people; 2000 determine the ends of the interval to a few percent of its
/// width
/// @complexity O(runs x resamples x pairs)
std::vector<paired_difference> compare_methods(std::vector<run_record> const& runs,
                                               std::vector<verification_pair> const& pairs,
                                               face_dataset const& faces, int resamples = 2000,
                                               std::uint64_t seed = 1);

}  // namespace face_kit
