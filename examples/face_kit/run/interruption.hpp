// SPDX-License-Identifier: Apache-2.0
// A long run can be told to stop: Ctrl-C and SIGTERM are honoured at the end of a step, a second
// one at once.
#pragma once

#include <string>

namespace face_kit {

void listen_for_interruption();
bool interruption_requested();
/// For tests: as if the user had pressed Ctrl-C, or had not.
void set_interruption_requested(bool requested);

/// Thrown up to run_program, which ends with the shell's status for Ctrl-C. Empty: nothing to
/// continue from was saved.
struct interrupted {
  std::string checkpoint;
};

/// @throws interrupted  where a stop was requested and there is no state to save
inline void stop_if_interrupted() {
  if (interruption_requested()) throw interrupted{};
}

}  // namespace face_kit
