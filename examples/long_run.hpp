// What every long run of the examples has: it can be told to stop, and it says how long it took.
// Ctrl-C is taken at the end of a step.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

namespace long_run {

namespace detail {
inline volatile std::sig_atomic_t stop_requested = 0;
inline void request_stop(int signal) {
  stop_requested = 1;
  std::signal(signal, SIG_DFL);  // a second one does not wait
}
}  // namespace detail

inline void listen_for_interruption() {
  std::signal(SIGINT, detail::request_stop);
  std::signal(SIGTERM, detail::request_stop);
}
inline bool interruption_requested() { return detail::stop_requested != 0; }

/// Left through main, which ends with the shell's code for Ctrl-C. Empty: nothing was saved yet.
struct interrupted {
  std::string checkpoint;
};

class stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline std::string format_seconds(double seconds) {
  char text[48];
  long const whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) std::snprintf(text, sizeof text, "%ld s", whole);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  else std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  return text;
}

}  // namespace long_run
