// SPDX-License-Identifier: Apache-2.0
// main() of every program.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "face_kit/run/program.hpp"

namespace face_kit {

struct program {
  char const* name;
  char const* description;
  std::string libraries = "";  ///< further backends and libraries for --version: ", NAME VERSION"
};

/// Declares the options, parses the command line into the arguments and runs.
/// @returns the exit status
template <class Arguments>
int run_program(program const& of, int argc, char** argv, void (*declare)(CLI::App&, Arguments&),
                void (*run)(Arguments&)) {
  Arguments arguments;
  CLI::App app{of.description, of.name};
  declare(app, arguments);
  return run_program(
      app, argc, argv, [&] { run(arguments); }, of.libraries);
}

}  // namespace face_kit
