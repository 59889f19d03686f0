// SPDX-License-Identifier: Apache-2.0
// Behaviour shared by all programs: --help, --version, --quiet, --json, exit status, error
// messages.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace face_kit {

/// Exit status of every program.
enum exit_status { status_ok = 0, status_failed = 1, status_usage = 2, status_interrupted = 130 };

/// An error in the command line, not in the data: exits with status_usage.
struct usage_error : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Whether results are printed to standard output as JSON (--json) instead of text.
bool json_wanted();

/// @brief Parses the command line into `app`, whose name is the program's, and calls body.
/// @param libraries  further backends and libraries for --version: ", NAME VERSION"
/// @returns the exit status; errors are one line on standard error: PROGRAM: MESSAGE
int run_program(CLI::App& app, int argc, char** argv, std::function<void()> const& body,
                std::string const& libraries = "");

/// Names output that is complete on disk: if the standard output fails later, the error says so.
void set_complete_output(std::string const& path);

/// "0.1.0"
std::string coupleface_version();

/// What --version prints: project version, compiler, CCCL, backends, instruction set and kernels.
std::string version_text(std::string const& program, std::string const& libraries);

/// The one of `names` closest to `typed`; empty if none is close.
std::string nearest_name(std::string const& typed, std::vector<std::string> const& names);

/// @brief An exception's message in one line, without what libtorch adds: stack frames and the
/// interpreter's traceback.
std::string one_sentence(std::string const& message);

}  // namespace face_kit
