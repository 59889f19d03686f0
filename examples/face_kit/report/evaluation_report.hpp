// SPDX-License-Identifier: Apache-2.0
// The report of a comparison of methods: a table of means and deviations over seeds, the
// significant differences, and plots; on the screen, and in a folder as Markdown, CSV and pictures.
#pragma once

#include <iostream>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"
#include "face_kit/report/person_bootstrap.hpp"
#include "face_kit/report/report_folder.hpp"
#include "face_kit/report/verification_run.hpp"

namespace face_kit {

/// @brief Prints the comparison and writes it to `out_dir`: table.md, table.csv, runs.csv,
/// differences.csv, epochs.dat, losses.dat, roc.dat, plots.gp with the pictures that gnuplot draws
/// from them, and report.html, which shows the tables and the pictures, and the gap to the teacher.
///
/// An earlier report in the folder is removed first. All values in percent. Methods are in order of
/// first appearance.
///
/// @param teacher  may be null
/// @param about  first paragraphs of report.html: what was compared
/// @returns both tables as one document, also in percent; with --json `out` gets no tables, and the
/// program prints this instead
/// @throws std::invalid_argument  no runs, a duplicate run, scores that do not match the pairs
/// @throws std::runtime_error  naming the file that could not be written
nlohmann::ordered_json write_report(std::string const& out_dir, std::vector<run_record> const& runs,
                                    std::vector<verification_pair> const& pairs,
                                    face_dataset const& faces, run_record const* teacher,
                                    std::ostream& out = std::cout,
                                    std::vector<std::string> const& about = {});

}  // namespace face_kit
