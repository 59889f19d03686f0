// SPDX-License-Identifier: Apache-2.0
// Tests that a program refuses bad values of its options, one by one, before it does anything.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "face_kit/run/program.hpp"

namespace bad_options {

struct refusal {
  int status = -1;
  std::string message;  ///< the whole standard error
};

template <class Arguments>
struct tested_program {
  void (*declare)(CLI::App&, Arguments&);
  void (*expect_valid)(Arguments const&);

  refusal run(std::vector<std::string> words) const {
    words.insert(words.begin(), "program");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    Arguments arguments;
    CLI::App app{"Trains.", "program"};
    declare(app, arguments);
    testing::internal::CaptureStderr();
    refusal end;
    end.status = face_kit::run_program(app, static_cast<int>(argv.size()), argv.data(),
                                       [&] { expect_valid(arguments); });
    end.message = testing::internal::GetCapturedStderr();
    return end;
  }

  /// Ends with status 2 and one line that begins with `start`.
  void expect_refused(std::vector<std::string> const& words, std::string const& start) const {
    auto const end = run(words);
    EXPECT_EQ(end.status, face_kit::status_usage) << start << end.message;
    EXPECT_EQ(end.message.find("program: " + start), 0U) << start << "\n" << end.message;
    EXPECT_EQ(end.message.find('\n'), end.message.size() - 1) << end.message;
  }

  /// Every bad value, with what the message says of it after "--option: ".
  using table = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;

  /// Besides the table's values, numbers must be numbers. Every option that takes a value must be
  /// in the table.
  void expect_every_option_checked(table const& bad) const {
    Arguments arguments;
    CLI::App app{"Trains.", "program"};
    declare(app, arguments);
    for (auto const* const option : app.get_options()) {
      if (option->get_items_expected_max() == 0) continue;
      auto const name = option->get_name();
      EXPECT_EQ(bad.count(name), 1U) << name << " has no bad values";
      auto const type = option->get_type_name();
      bool const number = type.find("INT") == 0 || type.find("FLOAT") == 0;
      if (!number) continue;
      for (auto const* const typed : {"nan", "many", "3x"})
        expect_refused({name, typed}, name + ": '" + typed + "' is not a ");
    }
    for (auto const& [name, values] : bad)
      for (auto const& [value, reason] : values)
        expect_refused({name, value}, name + ": " + reason + "; see --help");
  }
};

}  // namespace bad_options
