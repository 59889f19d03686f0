// SPDX-License-Identifier: Apache-2.0
// Stops a long run on request: the first Ctrl-C or SIGTERM takes effect at the end of a step, the
// second one at once.
#pragma once

#include <string>

namespace face_kit {

void listen_for_interruption();
bool interruption_requested();
/// For tests: sets or clears the request that Ctrl-C makes.
void set_interruption_requested(bool requested);

/// Thrown up to run_program, which ends with the shell's status for Ctrl-C. Empty: no state was
/// saved to continue from.
struct interrupted {
  std::string checkpoint;
};

/// @throws interrupted  if a stop was requested and there is no state to save
inline void stop_if_interrupted() {
  if (interruption_requested()) throw interrupted{};
}

}  // namespace face_kit
