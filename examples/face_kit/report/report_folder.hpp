// SPDX-License-Identifier: Apache-2.0
// The folder of results: whose it is, and what of an earlier report lies there.
#pragma once

#include <string>

namespace face_kit {

/// @brief Runs continue where they are, so a folder of runs may exist; any other may not.
/// @throws std::runtime_error  a file, or a folder that holds things but neither runs nor a report
void expect_result_folder(std::string const& out);

/// Removes an earlier report, so that one that is written now never lies beside parts of it.
void remove_report(std::string const& out);

}  // namespace face_kit
