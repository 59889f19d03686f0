// SPDX-License-Identifier: Apache-2.0
// Checks a folder of results before a run, and removes an earlier report from it.
#pragma once

#include <string>

namespace face_kit {

/// @brief A folder of runs may exist, because runs continue there; any other folder may not.
/// @throws std::runtime_error  a file, or a folder with contents but neither runs nor a report
void expect_result_folder(std::string const& out);

/// Removes an earlier report, so that its files are never mixed with those of a new one.
void remove_report(std::string const& out);

}  // namespace face_kit
