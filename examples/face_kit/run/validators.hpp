// SPDX-License-Identifier: Apache-2.0
// Checks of option values with shorter texts than CLI11's. Numbers must be finite: CLI::Range takes
// NaN.
#pragma once

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "face_kit/run/output_folder.hpp"
#include "face_kit/run/program.hpp"

namespace face_kit {

/// "0.5", "1e-09"
inline std::string number_text(double number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

namespace detail {

/// @param complaint  why a finite number is not allowed; empty if it is
template <class Complaint>
CLI::Validator number_check(std::string const& help, Complaint const& complaint) {
  return CLI::Validator(
      [complaint](std::string& typed) -> std::string {
        char* end = nullptr;
        double const value = std::strtod(typed.c_str(), &end);
        if (typed.empty() || *end != '\0' || std::isnan(value))
          return "'" + typed + "' is not a number";
        auto const reason = complaint(value);
        if (!reason.empty()) return typed + ' ' + reason;
        return std::isfinite(value) ? std::string() : typed + " is not finite";
      },
      help);
}

}  // namespace detail

/// "at least 2" in the help, "1 is less than 2" as the error.
inline CLI::Validator at_least(double low) {
  std::string const text = number_text(low);
  return detail::number_check("at least " + text, [low, text](double value) {
    return value >= low ? std::string() : "is less than " + text;
  });
}

/// "above 0, at most 10" in the help, "0 is not above 0" or "11 is more than 10" as the error.
inline CLI::Validator above(double low, double high) {
  std::string const least = number_text(low), most = number_text(high);
  return detail::number_check("above " + least + ", at most " + most,
                              [low, high, least, most](double value) {
                                if (value > high) return "is more than " + most;
                                return value > low ? std::string() : "is not above " + least;
                              });
}

/// "0 to 1" in the help, "7 is not in [0, 1]" as the error.
inline CLI::Validator in_range(double low, double high) {
  std::string const least = number_text(low), most = number_text(high);
  return detail::number_check(least + " to " + most, [low, high, least, most](double value) {
    return value >= low && value <= high ? std::string()
                                         : "is not in [" + least + ", " + most + ']';
  });
}

/// "0 to below 1" in the help, "1 is not in [0, 1)" as the error.
inline CLI::Validator in_range_below(double low, double high) {
  std::string const least = number_text(low), most = number_text(high);
  return detail::number_check(least + " to below " + most, [low, high, least, most](double value) {
    return value >= low && value < high ? std::string() : "is not in [" + least + ", " + most + ')';
  });
}

/// "above 0, below 1" in the help, "0 is not between 0 and 1" as the error.
inline CLI::Validator between(double low, double high) {
  std::string const least = number_text(low), most = number_text(high);
  return detail::number_check("above " + least + ", below " + most, [low, high, least,
                                                                     most](double value) {
    return value > low && value < high ? std::string() : "is not between " + least + " and " + most;
  });
}

/// "a multiple of 16" in the help, "20 is not a multiple of 16" as the error.
inline CLI::Validator multiple_of(int factor) {
  std::string const text = "a multiple of " + std::to_string(factor);
  return detail::number_check(text, [factor, text](double value) {
    return std::fmod(value, factor) == 0 ? std::string() : "is not " + text;
  });
}

/// For names of files and folders: `--data "$UNSET"` is a mistake, not the default.
inline CLI::Validator not_empty() {
  return CLI::Validator(
      [](std::string& typed) -> std::string {
        if (typed.empty()) return "is empty";
        return typed.find_first_not_of(" \t\n\r") == std::string::npos ? "is blank" : "";
      },
      "");
}

/// For outputs: every message and every file beside the output has one form of its name.
inline CLI::Validator as_plain_path() {
  return CLI::Validator(
      [](std::string& typed) -> std::string {
        typed = plain_path(typed);
        return "";
      },
      "");
}

/// For lists of what is compared: each value has a run of its own.
/// @throws usage_error  if one is there twice
template <class T>
void expect_distinct(char const* option, std::vector<T> const& values) {
  for (auto value = values.begin(); value != values.end(); ++value) {
    if (std::find(values.begin(), value, *value) == value) continue;
    std::ostringstream text;
    text << option << ": " << *value << " is listed twice";
    throw usage_error(text.str());
  }
}

/// Makes an empty or blank value of any option declared so far an error: no file has that name.
inline void refuse_empty_values(CLI::App& app) {
  for (auto* const option : app.get_options()) {
    // Before other checks of the option.
    if (option->get_items_expected_min() > 0) option->transform(not_empty());
  }
}

}  // namespace face_kit
