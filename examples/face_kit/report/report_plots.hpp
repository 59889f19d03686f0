// SPDX-License-Identifier: Apache-2.0
// Curves over epochs and ROC of a comparison, as data files and a script for gnuplot.
#pragma once

#include <string>
#include <vector>

#include "face_kit/report/verification_run.hpp"

namespace face_kit::detail {

struct mean_and_deviation {
  double mean;
  double deviation;  ///< divided by n - 1; NaN for a single value
};

mean_and_deviation moments(std::vector<double> const& values);

std::vector<run_record const*> runs_of(std::vector<run_record> const& runs,
                                       std::string const& method);

/// One block a method: epoch, then accuracy and TAR at 1e-2 in percent, each with its deviation
/// over seeds.
/// @returns the last epoch; 0: there is nothing to draw
int write_epochs(std::string const& file, std::vector<run_record> const& runs);

/// One block a method, the teacher's last: false accept rate, mean over seeds of the true accept
/// rate.
void write_roc(std::string const& file, std::vector<run_record> const& runs,
               std::vector<verification_pair> const& pairs, run_record const* teacher);

/// @param epochs  of write_epochs()
void write_plot_script(std::string const& file, std::vector<std::string> const& methods,
                       run_record const* teacher, int epochs);

}  // namespace face_kit::detail
