// SPDX-License-Identifier: Apache-2.0
// What the example programs have alike: exit status, messages, progress, version.
#include "face_kit/run/program.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "face_kit/run/interruption.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/progress.hpp"
#include "face_kit/run/validators.hpp"

namespace {

using namespace face_kit;

struct ended {
  int status = -1;
  std::string out, err;
};

/// A program with two options and a file, run with these arguments.
ended run(
    std::vector<std::string> arguments, std::function<void()> const& body = [] {}) {
  arguments.insert(arguments.begin(), "path/to/program");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  CLI::App app{"Does nothing.", "program"};
  int neighbours = 0, batch = 4;
  std::string file, threshold;
  app.add_option("--neighbours", neighbours, "So many");
  app.add_option("--threshold", threshold, "From here on")->check(CLI::IsMember({"low", "high"}));
  app.add_option("--batch", batch, "Images in each step")->check(at_least(2));
  app.add_option("file", file, "A file");
  double share = 0.5;
  std::uint64_t seed = 1;
  app.add_option("--share", share, "So much")->check(in_range(0, 1));
  app.add_option("--seed", seed, "A seed")->check(at_least(0));
  std::vector<double> fars;
  app.add_option("--fars", fars, "Rates")->delimiter(',')->check(in_range(0, 1));
  refuse_empty_values(app);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  ended result;
  result.status = run_program(app, static_cast<int>(argv.size()), argv.data(), body);
  result.out = testing::internal::GetCapturedStdout();
  result.err = testing::internal::GetCapturedStderr();
  set_quiet(false);
  return result;
}

TEST(program, ends_with_the_status_of_what_happened) {
  EXPECT_EQ(run({}).status, 0);
  auto const failed = run({}, [] { throw std::runtime_error("f.npy: is empty"); });
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.err, "program: f.npy: is empty\n");
  auto const usage = run({}, [] { throw usage_error("--k: is too large"); });
  EXPECT_EQ(usage.status, 2);
  EXPECT_EQ(usage.err, "program: --k: is too large\n");
  auto const stopped = run({}, [] { throw interrupted{"state.bin"}; });
  EXPECT_EQ(stopped.status, 130);
  EXPECT_EQ(stopped.err, "stopped; run the same command again to continue from state.bin\n");
  auto const without_state = run({}, [] { throw interrupted{}; });
  EXPECT_EQ(without_state.status, 130);
  EXPECT_EQ(without_state.err, "stopped; nothing was written\n");
  EXPECT_EQ(run({}, [] { throw std::bad_alloc(); }).status, 1);
  auto const system = run({}, [] {
    throw std::filesystem::filesystem_error("cannot x", "some/file",
                                            std::make_error_code(std::errc::permission_denied));
  });
  EXPECT_EQ(system.status, 1);
  EXPECT_EQ(system.err, "program: some/file: Permission denied\n");
}

TEST(program, names_a_mistyped_option_and_the_nearest) {
  for (auto const* typed : {"--neigbours", "--neighbuors", "--neighbour=3"}) {
    auto const result = run({typed, "3"});
    EXPECT_EQ(result.status, 2);
    std::string const name = std::string(typed).substr(0, std::string(typed).find('='));
    EXPECT_EQ(result.err,
              "program: unknown option " + name + " (did you mean --neighbours?); see --help\n");
  }
  EXPECT_EQ(run({"--xyzzy"}).err, "program: unknown option --xyzzy; see --help\n");
}

TEST(program, says_in_one_line_what_is_wrong_with_the_arguments) {
  auto const expect = [](std::vector<std::string> const& arguments, std::string const& message) {
    auto const result = run(arguments);
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.err, "program: " + message + "; see --help\n");
    EXPECT_EQ(result.out, "");
  };
  expect({"a", "b"}, "unexpected argument: b");
  expect({"--neighbours", "many"}, "--neighbours: 'many' is not a valid number");
  expect({"--neighbours"}, "--neighbours: its value is missing");
  expect({"--neighbours", "3", "--neighbours", "4"}, "--neighbours: is given more than once");
  expect({"--batch", "1"}, "--batch: 1 is less than 2");
  expect({"--batch", "few"}, "--batch: 'few' is not a number");
  expect({"--share", "nan"}, "--share: 'nan' is not a number");
  for (auto const* number : {"inf", "-0.1", "1.5", "1e999"})
    expect({"--share", number}, std::string("--share: ") + number + " is not in [0, 1]");
  expect({"--share", "0.5x"}, "--share: '0.5x' is not a number");
  expect({"--seed", "-1"}, "--seed: -1 is less than 0");
  for (auto const* option : {"--share", "--seed", "--threshold", "--neighbours"})
    expect({option, ""}, std::string(option) + ": is empty");
  expect({""}, "file: is empty");
  for (auto const* const option : {"--threshold", "--share"})
    expect({option, " \t"}, std::string(option) + ": is blank");
  expect({" "}, "file: is blank");
  for (auto const* const list : {"0.1,,0.2", ",0.1", "0.1,", ","}) {
    std::string const gap =
        std::string("--fars: '") + list + "' has an empty value between its commas";
    expect({"--fars", list}, gap);
    expect({"--fars", "0.5", list}, gap);
    expect({std::string("--fars=") + list}, gap);
  }
  EXPECT_EQ(run({"--fars", "0.1,0.2", "0.3"}).status, 0);
  EXPECT_EQ(run({"a,,b", "--fars=0.1,0.2"}).status, 0) << "a name, no list";
  EXPECT_EQ(run({"--share", "1", "--seed", "18446744073709551615"}).status, 0);
  expect({"--threshold", "middle"}, "--threshold: middle not in {low,high}");
}

TEST(program, reads_whole_numbers_as_decimal) {
  struct numbers {
    std::int64_t rank = 0;
    std::uint64_t seed = 0;
    std::vector<int> widths;
  };
  auto const read = [](std::vector<std::string> arguments, numbers& n) {
    arguments.insert(arguments.begin(), "program");
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    CLI::App app{"Reads numbers.", "program"};
    app.add_option("--rank", n.rank, "")->check(CLI::Range(std::int64_t{-100}, std::int64_t{100}));
    app.add_option("--seed", n.seed, "")->check(at_least(0));
    app.add_option("--widths", n.widths, "")->check(in_range(0, 4096))->delimiter(',');
    testing::internal::CaptureStderr();
    int const status = run_program(app, static_cast<int>(argv.size()), argv.data(), [] {});
    return std::to_string(status) + ' ' + testing::internal::GetCapturedStderr();
  };
  numbers n;
  EXPECT_EQ(read({"--rank", "010", "--seed=0100", "--widths", "016,08,000"}, n), "0 ");
  EXPECT_EQ(n.rank, 10);
  EXPECT_EQ(n.seed, 100U);
  EXPECT_EQ(n.widths, (std::vector<int>{16, 8, 0}));
  EXPECT_EQ(read({"--rank", "-012", "--seed", "018446744073709551615"}, n), "0 ");
  EXPECT_EQ(n.rank, -12);
  EXPECT_EQ(n.seed, 18446744073709551615U);
  EXPECT_EQ(read({"--seed", "18446744073709551616"}, n),
            "2 program: --seed: 18446744073709551616 is more than 18446744073709551615; see "
            "--help\n");
  EXPECT_EQ(read({"--rank", "9223372036854775808"}, n),
            "2 program: --rank: 9223372036854775808 is more than 9223372036854775807; see "
            "--help\n");
  EXPECT_EQ(read({"--rank", "-9223372036854775809"}, n),
            "2 program: --rank: -9223372036854775809 is less than -9223372036854775808; see "
            "--help\n");
}

TEST(program, fails_to_write_beyond_a_limit_on_files_instead_of_being_killed) {
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(run({}).status, 0);
  EXPECT_EQ(std::signal(SIGXFSZ, SIG_IGN), SIG_IGN);
}

TEST(program, shows_help_and_version) {
  auto const help = run({"--help"});
  EXPECT_EQ(help.status, 0);
  for (auto const* option :
       {"--neighbours", "at least 2", "--quiet", "--json", "--version", "program [OPTIONS]"})
    EXPECT_NE(help.out.find(option), std::string::npos) << help.out;
  auto const version = run({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_EQ(version.err, "");
  for (auto const* part : {"program of coupleface ", "\ncompiler: ", "\nCCCL: ",
                           "\nbackends: OpenMP", "\ncompiled for: ", "\nkernels: "})
    EXPECT_NE(version.out.find(part), std::string::npos) << version.out;
  EXPECT_NE(version.out.find(coupleface_version()), std::string::npos);
}

TEST(program, quiet_silences_notes_but_no_warnings) {
  auto const body = [] {
    note("%d rows", 3);
    warn("%d left out", 2);
    tell_fault("f.npy: row %d is zero", 1);
    progress shown("mining", "step", 0, 10, {stderr, false, 0});
    shown.show(1);
    shown.keep(2, "kept");
  };
  auto const loud = run({}, body);
  EXPECT_EQ(loud.err.find("3 rows\nprogram: 2 left out\nf.npy: row 1 is zero\nmining"), 0U)
      << loud.err;
  EXPECT_EQ(run({"--quiet"}, body).err, "program: 2 left out\nf.npy: row 1 is zero\n");
}

TEST(program, json_is_wanted_where_it_is_given) {
  bool wanted = true;
  run({}, [&] { wanted = json_wanted(); });
  EXPECT_FALSE(wanted);
  run({"--json"}, [&] { wanted = json_wanted(); });
  EXPECT_TRUE(wanted);
  run({}, [&] { wanted = json_wanted(); });
  EXPECT_FALSE(wanted);
}

TEST(nearest_name, is_the_one_with_the_fewest_changes) {
  std::vector<std::string> const names{"--labels", "--list", "--gallery", "--gallery-labels"};
  EXPECT_EQ(nearest_name("--label", names), "--labels");
  EXPECT_EQ(nearest_name("--lsit", names), "--list");
  EXPECT_EQ(nearest_name("--galery-labels", names), "--gallery-labels");
  EXPECT_EQ(nearest_name("--quite-another", names), "");
}

TEST(one_sentence, leaves_frames_and_tracebacks_out) {
  EXPECT_EQ(one_sentence("open file failed, file path: x.pt\nException raised from RAIIFile at "
                         "file.cc:21 (most recent call first):\nframe #0: c10::Error"),
            "open file failed, file path: x.pt");
  EXPECT_EQ(one_sentence("The following operation failed in the TorchScript interpreter.\n"
                         "Traceback of TorchScript, serialized code (most recent call last):\n"
                         "  File \"code/__torch__.py\", line 7, in forward\n"
                         "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)\n"),
            "mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)");
  EXPECT_EQ(one_sentence("two\nlines"), "two lines");
}

std::string shown_by(progress_output output, std::function<void(progress&)> const& steps) {
  output.file = std::tmpfile();
  {
    progress shown("mining", "step", 0, 4, output);
    steps(shown);
  }
  std::string text(static_cast<std::size_t>(std::ftell(output.file)), '\0');
  std::rewind(output.file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), output.file), text.size());
  std::fclose(output.file);
  return text;
}

TEST(progress, is_lines_in_a_file_and_one_line_on_a_terminal) {
  auto const steps = [](progress& shown) {
    shown.show(1, "loss 2");
    shown.show(2);
  };
  EXPECT_EQ(shown_by({nullptr, false, 0}, steps),
            "mining   25.0 %  step 1 of 4  loss 2  0 s, 0 s left\n"
            "mining   50.0 %  step 2 of 4  0 s, 0 s left\n");
  EXPECT_EQ(shown_by({nullptr, true, 0}, steps),
            "\r\033[Kmining   25.0 %  step 1 of 4  loss 2  0 s, 0 s left"
            "\r\033[Kmining   50.0 %  step 2 of 4  0 s, 0 s left\r\033[K");
  EXPECT_EQ(shown_by({nullptr, false, 100}, steps), "");
  EXPECT_EQ(shown_by({nullptr, true, 100}, [](progress& shown) { shown.keep(4, "done"); }),
            "mining  100.0 %  step 4 of 4  done  0 s, 0 s left\n");
  EXPECT_LE(progress_output::standard_error().seconds, 60);
}

TEST(interruption, is_a_request_until_it_is_taken) {
  EXPECT_NO_THROW(stop_if_interrupted());
  set_interruption_requested(true);
  EXPECT_TRUE(interruption_requested());
  EXPECT_THROW(stop_if_interrupted(), interrupted);
  set_interruption_requested(false);
}

TEST(format_seconds, by_size) {
  EXPECT_EQ(format_seconds(59.4), "59 s");
  EXPECT_EQ(format_seconds(65), "1 min 05 s");
  EXPECT_EQ(format_seconds(2 * 3600 + 7 * 60), "2 h 07 min");
}

}  // namespace
