// SPDX-License-Identifier: Apache-2.0
// Messages on standard error: notes, which --quiet silences, and warnings, which it does not.
#pragma once

#include <string>

namespace face_kit {

bool quiet();
void set_quiet(bool quiet);

/// A note about progress.
[[gnu::format(printf, 1, 2)]] void note(char const* format, ...);
/// A warning "PROGRAM: ..." about something that the user may not intend.
[[gnu::format(printf, 1, 2)]] void warn(char const* format, ...);

/// A warning about a faulty input, starting with the file's name; --quiet does not silence it.
[[gnu::format(printf, 1, 2)]] void tell_fault(char const* format, ...);

/// The program's name in warnings and errors.
std::string const& program_name();
void set_program_name(std::string name);

/// "12 s", "3 min 05 s", "2 h 07 min"
std::string format_seconds(double seconds);

}  // namespace face_kit
