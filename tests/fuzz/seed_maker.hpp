// SPDX-License-Identifier: Apache-2.0
// What every maker of seeds is around what it writes: a folder on the command line, an error in
// words.
#pragma once

#include <cstdio>
#include <exception>
#include <string>

/// main() of make_<name>_seeds: calls write_seeds(folder).
template <class Write>
int make_seeds(char const* program, int argc, char** argv, Write write_seeds) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", program);
    return 2;
  }
  try {
    write_seeds(std::string(argv[1]));
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
  return 0;
}
