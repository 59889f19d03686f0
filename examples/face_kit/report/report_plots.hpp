// SPDX-License-Identifier: Apache-2.0
// Curves over epochs and ROC curves of a comparison, as data files and a gnuplot script.
#pragma once

#include <cstddef>
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

/// One block per method: epoch, then accuracy and TAR at 1e-2 in percent, each with its deviation
/// over seeds.
/// @returns the last epoch; 0: nothing to plot
int write_epochs(std::string const& file, std::vector<run_record> const& runs);

/// One block per method, the teacher's last: false accept rate, mean over seeds of the true accept
/// rate.
void write_roc(std::string const& file, std::vector<run_record> const& runs,
               std::vector<verification_pair> const& pairs, run_record const* teacher);

/// The blocks of losses.dat (methods) that have an FCD term, and those that have a relation term.
struct loss_blocks {
  std::vector<std::size_t> fcd, relation;
  bool any() const { return !fcd.empty() || !relation.empty(); }
};

/// One block per method, from the steps.csv of its runs: epoch, then FCD and relation term, each a
/// mean over steps and seeds; NaN for a term that the method does not have.
loss_blocks write_losses(std::string const& file, std::vector<run_record> const& runs);

/// @param epochs  of write_epochs()
/// @param losses  of write_losses()
void write_plot_script(std::string const& file, std::vector<std::string> const& methods,
                       run_record const* teacher, int epochs, loss_blocks const& losses);

}  // namespace face_kit::detail
