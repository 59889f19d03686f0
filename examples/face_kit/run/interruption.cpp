// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/interruption.hpp"

#include <unistd.h>

#include <csignal>
#include <cstring>

#include "face_kit/run/messages.hpp"

namespace face_kit {

namespace {

volatile std::sig_atomic_t requested = 0;

void request_stop(int signal) {
  requested = 1;
  std::signal(signal, SIG_DFL);  // a second signal ends the program at once
  static constexpr char text[] = "\nstopping; press Ctrl-C again to stop immediately\n";
  // A signal handler cannot report a failed write.
  if (!quiet() && ::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

}  // namespace

void listen_for_interruption() {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
}

bool interruption_requested() { return requested != 0; }

void set_interruption_requested(bool value) { requested = value ? 1 : 0; }

}  // namespace face_kit
