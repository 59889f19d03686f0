// SPDX-License-Identifier: Apache-2.0
// Whether one method is better than another or was lucky with the people it met: the library's
// resamples of identities, the same people for every method, as intervals of differences.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"
#include "face_kit/report/verification_run.hpp"

namespace face_kit {

/// The numbers that methods are compared by.
enum compared_measure { measure_accuracy, measure_tar_1e2, measure_tar_1e3, measure_count };

/// A difference of two means over seeds and where 95 % of the resamples put it.
struct difference_interval {
  double estimate = 0, low = 0, high = 0;
  bool undecided() const { return !(low > 0 || high < 0); }
};

/// `better` minus `base`, over the seeds that both were run with.
struct paired_difference {
  std::string base, better;
  int seeds = 0;
  difference_interval measures[measure_count];
};

/// @brief Compares each two methods, later minus earlier in the order of first appearance.
///
/// The interval covers the choice of people. It does not cover that of seeds: three seeds cannot
/// say how the fourth would turn out, and their spread stands in the table beside it.
///
/// @param resamples  of the people; 2000 place the ends of the interval to a few percent of its
/// width
/// @complexity O(runs x resamples x pairs)
std::vector<paired_difference> compare_methods(std::vector<run_record> const& runs,
                                               std::vector<verification_pair> const& pairs,
                                               face_dataset const& faces, int resamples = 2000,
                                               std::uint64_t seed = 1);

}  // namespace face_kit
