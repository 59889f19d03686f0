// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/messages.hpp"

#include <cstdarg>
#include <cstdio>
#include <utility>

namespace face_kit {

namespace {

bool is_quiet = false;
std::string name;

void print_line(char const* format, std::va_list arguments) {
  std::vfprintf(stderr, format, arguments);
  std::fputc('\n', stderr);
}

}  // namespace

bool quiet() { return is_quiet; }
void set_quiet(bool value) { is_quiet = value; }
std::string const& program_name() { return name; }
void set_program_name(std::string value) { name = std::move(value); }

void note(char const* format, ...) {
  if (is_quiet) return;
  std::va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
}

void warn(char const* format, ...) {
  if (!name.empty()) std::fprintf(stderr, "%s: ", name.c_str());
  std::va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
}

void tell_fault(char const* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
}

std::string format_seconds(double seconds) {
  char text[48];
  long const whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) std::snprintf(text, sizeof text, "%ld s", whole);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  else std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  return text;
}

}  // namespace face_kit
