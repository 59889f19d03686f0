// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/program.hpp"

#include <fcntl.h>
#include <thrust/version.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <coupleface/kernels.hpp>
#include <coupleface/version.hpp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <limits>
#include <numeric>

#include "face_kit/run/interruption.hpp"
#include "face_kit/run/messages.hpp"

namespace face_kit {

namespace {

bool wants_json = false;
std::string complete_output;

std::string dotted(int a, int b, int c) {
  return std::to_string(a) + '.' + std::to_string(b) + '.' + std::to_string(c);
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
std::size_t edit_distance(std::string const& a, std::string const& b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  std::iota(rows[0].begin(), rows[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    rows[i][0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1,
                             rows[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.size()][b.size()];
}

std::vector<std::string> option_names(CLI::App& app) {
  std::vector<std::string> names;
  for (auto const* const option : app.get_options()) {
    for (auto const& name : option->get_lnames()) names.push_back("--" + name);
    for (auto const& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// The first argument that looks like an option but is not one, or empty.
std::string unknown_option(CLI::App& app, int argc, char** argv) {
  auto const names = option_names(app);
  for (int i = 1; i < argc && std::strcmp(argv[i], "--") != 0; ++i) {
    std::string const name = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    bool const looks = name.size() > 1 && name[0] == '-' &&
                       (name[1] == '-' || std::isalpha(static_cast<unsigned char>(name[1])) != 0);
    if (looks && std::find(names.begin(), names.end(), name) == names.end()) return name;
  }
  return "";
}

/// Makes whole numbers decimal for every option of such numbers: CLI11 reads 010 as octal, and
/// one that is too large as the largest. Text that is no whole number is left to CLI11.
/// @returns what is wrong with the number, or empty
std::string make_decimal(std::string& typed, bool is_signed) {
  bool const sign = typed[0] == '-' || typed[0] == '+', negative = typed[0] == '-';
  std::string digits = typed.substr(sign ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return "";
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  std::string const number = (negative ? "-" : "") + digits;
  using signed_limits = std::numeric_limits<std::int64_t>;
  std::string const most = negative    ? std::to_string(signed_limits::min()).substr(1)
                           : is_signed ? std::to_string(signed_limits::max())
                                       : std::to_string(std::numeric_limits<std::uint64_t>::max());
  if (digits.size() > most.size() || (digits.size() == most.size() && digits > most))
    return number + (negative ? " is less than -" : " is more than ") + most;
  typed = number;
  return "";
}

void read_whole_numbers_as_decimal(CLI::App& app) {
  for (auto* const option : app.get_options()) {
    std::string const type = option->get_type_name();
    bool const is_signed = type.compare(0, 3, "INT") == 0;
    if (option->get_items_expected_min() == 0 || (!is_signed && type.compare(0, 4, "UINT") != 0))
      continue;
    // Before other checks of the option, which see the number as it is used.
    option->transform(CLI::Validator(
        [is_signed](std::string& typed) { return make_decimal(typed, is_signed); }, ""));
  }
}

/// "--far: '0.1,,0.2' has an empty value between its commas" for the first such list, or empty.
/// CLI11 drops empty values.
std::string list_with_gap(CLI::App const& app, int argc, char** argv) {
  CLI::Option const* option = nullptr;
  for (int i = 1; i < argc && std::strcmp(argv[i], "--") != 0; ++i) {
    std::string value = argv[i];
    if (value.compare(0, 2, "--") == 0) {
      auto const at = value.find('=');
      option = app.get_option_no_throw(value.substr(0, at));
      if (at == std::string::npos) continue;
      value.erase(0, at + 1);
    }
    if (option == nullptr || option->get_delimiter() == '\0') continue;
    if ((',' + value + ',').find(",,") != std::string::npos && !value.empty())
      return option->get_name() + ": '" + value + "' has an empty value between its commas";
  }
  return "";
}

/// Opens the standard streams that the caller has closed: otherwise the next file that is opened
/// would take the place of one, and the program would print into it. The root folder takes no
/// writes, so printing fails.
void open_standard_streams() {
  for (int const stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) ::open("/", O_RDONLY);
}

/// CLI11's messages, reworded if they do not say what to change.
std::string usage_message(CLI::App& app, CLI::ParseError const& error, int argc, char** argv) {
  if (auto const unknown = unknown_option(app, argc, argv); !unknown.empty()) {
    auto const near = nearest_name(unknown, option_names(app));
    return "unknown option " + unknown + (near.empty() ? "" : " (did you mean " + near + "?)");
  }
  if (auto const gap = list_with_gap(app, argc, argv); !gap.empty()) return gap;
  std::string const message = error.what();
  if (dynamic_cast<CLI::ExtrasError const*>(&error) != nullptr)
    return "unexpected argument:" + message.substr(message.find(':') + 1);
  if (dynamic_cast<CLI::FileError const*>(&error) != nullptr)
    return "--config: " + message.substr(0, message.find(" was not")) + ": cannot be read";
  std::string const not_known = "INI was not able to parse ";
  if (message.compare(0, not_known.size(), not_known) == 0)
    return "--config: unknown option " + message.substr(not_known.size());
  std::string const could_not = "Could not convert: ";
  if (message.compare(0, could_not.size(), could_not) == 0) {
    auto const at = message.find(" = ");
    return message.substr(could_not.size(), at - could_not.size()) + ": '" +
           (at == std::string::npos ? "" : message.substr(at + 3)) + "' is not a valid number";
  }
  if (dynamic_cast<CLI::ArgumentMismatch const*>(&error) != nullptr &&
      message.find(" missing") != std::string::npos)
    return message.substr(0, message.find(':')) + ": its value is missing";
  if (auto const most = message.find(": At Most 1 required"); most != std::string::npos)
    return message.substr(0, most) + ": is given more than once";
  return message;
}

std::string compiler() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#elif defined(__GNUC__)
  return std::string("g++ ") + __VERSION__;
#else
  return "unknown";
#endif
}

std::string compiled_for() {
  std::string names;
  [[maybe_unused]] auto const add = [&](char const* name) {
    names += (names.empty() ? "" : ", ") + std::string(name);
  };
#if defined(__x86_64__)
  add("x86-64");
#if defined(__AVX2__)
  add("AVX2");
#endif
#if defined(__FMA__)
  add("FMA");
#endif
#if defined(__AVX512F__)
  add("AVX-512");
#endif
#if defined(__AVX512VNNI__)
  add("AVX-512 VNNI");
#endif
#elif defined(__aarch64__)
  add("ARM64");
#if defined(__ARM_FEATURE_SVE)
  add("SVE");
#endif
#endif
  return names.empty() ? "unknown" : names;
}

}  // namespace

std::string coupleface_version() {
  return dotted(COUPLEFACE_VERSION_MAJOR, COUPLEFACE_VERSION_MINOR, COUPLEFACE_VERSION_PATCH);
}

void set_complete_output(std::string const& path) { complete_output = path; }

bool json_wanted() { return wants_json; }

std::string nearest_name(std::string const& typed, std::vector<std::string> const& names) {
  std::string best;
  // Names that differ in more than half of the letters are not suggested.
  std::size_t least = typed.size() / 2 + 1;
  for (auto const& name : names) {
    auto const distance = edit_distance(typed, name);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

std::string one_sentence(std::string const& message) {
  std::string text = message;
  // TorchScript: the cause is the last line after the interpreter's traceback.
  std::string const cause = "RuntimeError: ";
  if (auto const at = text.rfind(cause);
      text.find("Traceback") != std::string::npos && at != std::string::npos)
    text = text.substr(at + cause.size());
  text = text.substr(0, text.find("\nException raised from"));
  text = text.substr(0, text.find("\nframe #"));
  text.erase(text.find_last_not_of(" \n\r\t") + 1);
  text.erase(0, text.find_first_not_of(" \n\r\t"));
  std::string line;
  for (char const c : text) {
    if (c != '\n') line += c;
    else if (line.empty() || line.back() != ' ') line += ' ';
  }
  return line;
}

std::string version_text(std::string const& program, std::string const& libraries) {
  return program + " of coupleface " + coupleface_version() + "\ncompiler: " + compiler() +
         "\nCCCL: " + dotted(THRUST_MAJOR_VERSION, THRUST_MINOR_VERSION, THRUST_SUBMINOR_VERSION) +
         "\nbackends: OpenMP" + libraries + "\ncompiled for: " + compiled_for() +
         "\nkernels: " + coupleface::kernels();
}

int run_program(CLI::App& app, int argc, char** argv, std::function<void()> const& body,
                std::string const& libraries) {
  open_standard_streams();
  // A file beyond `ulimit -f` is then a write that fails, with a message and no remains.
  std::signal(SIGXFSZ, SIG_IGN);
  set_program_name(app.get_name());
  bool quiet_wanted = false;
  wants_json = false;
  complete_output.clear();
  // The options declared last may have set a group, which would apply to these.
  app.option_defaults()->group(app.get_help_ptr()->get_group());
  app.set_help_flag("-h,--help", "Show this help and exit");
  app.set_version_flag(
      "--version", [&] { return version_text(app.get_name(), libraries); },
      "Show version, compiler, backends and instruction set, and exit");
  app.add_flag("--quiet", quiet_wanted,
               "Print only warnings and errors on the standard error, no progress and no notes")
      ->group("Output");
  app.add_flag("--json", wants_json, "Print results on the standard output as JSON instead of text")
      ->group("Output");
  read_whole_numbers_as_decimal(app);
  auto const failed = [&](std::string const& message, exit_status status) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), one_sentence(message).c_str());
    return status;
  };
  // A write that failed earlier leaves its mark in ferror(), though the last flush may succeed.
  auto const ended = [&] {
    std::cout.flush();
    bool const written = std::cout.good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (written) return status_ok;
    return failed(complete_output.empty()
                      ? "cannot write its output"
                      : "cannot write to the standard output; " + complete_output + " is complete",
                  status_failed);
  };
  try {
    app.parse(argc, argv);
    if (auto const gap = list_with_gap(app, argc, argv); !gap.empty())
      throw usage_error(gap + "; see --help");
    set_quiet(quiet_wanted);
    coupleface::kernels();  // throws for a wrong COUPLEFACE_KERNELS, before data is read
    listen_for_interruption();
    body();
    return ended();
  } catch (CLI::ParseError const& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error);
      return ended();
    }
    return failed(usage_message(app, error, argc, argv) + "; see --help", status_usage);
  } catch (usage_error const& error) {
    return failed(error.what(), status_usage);
  } catch (interrupted const& stop) {
    if (stop.checkpoint.empty()) note("stopped; nothing was written");
    else note("stopped; run the same command again to continue from %s", stop.checkpoint.c_str());
    return status_interrupted;
  } catch (std::bad_alloc const&) {
    return failed("out of memory", status_failed);
  } catch (std::filesystem::filesystem_error const& error) {
    return failed(error.path1().string() + ": " + error.code().message(), status_failed);
  } catch (std::exception const& error) { return failed(error.what(), status_failed); }
}

}  // namespace face_kit
