// SPDX-License-Identifier: Apache-2.0
// Checks of option values with shorter texts than CLI11's.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <sstream>
#include <string>

namespace face_kit {

/// "at least 2" in the help, "1 is less than 2" as the error.
inline CLI::Validator at_least(double low) {
  std::ostringstream number;
  number << low;
  std::string const text = number.str();
  return CLI::Validator(
      [low, text](std::string& typed) -> std::string {
        char* end = nullptr;
        double const value = std::strtod(typed.c_str(), &end);
        if (typed.empty() || *end != '\0') return "'" + typed + "' is not a number";
        return value >= low ? std::string() : typed + " is less than " + text;
      },
      "at least " + text);
}

}  // namespace face_kit
