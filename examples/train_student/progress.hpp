// What a run says while it lasts, and how it is told to stop: a line with the time left, and Ctrl-C
// taken at the end of a step, after which the checkpoint is written and the program ends.
#pragma once

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>

namespace train_student {

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

/// Left through main, which ends with the shell's code for Ctrl-C.
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
  char text[32];
  int const whole = static_cast<int>(seconds + 0.5);
  if (whole < 60) std::snprintf(text, sizeof text, "%d s", whole);
  else std::snprintf(text, sizeof text, "%d min %02d s", whole / 60, whole % 60);
  return text;
}

/// One line that is rewritten on a terminal, and only the lasting lines where the output is a file.
class progress {
 public:
  progress(std::string label, std::int64_t done, std::int64_t total)
      : label_(std::move(label)),
        start_(done),
        total_(total),
        terminal_(::isatty(STDERR_FILENO) == 1) {}

  void step(std::int64_t done, std::string const& text) {
    double const now = watch_.seconds();
    if (!terminal_ || (now - shown_ < 0.2 && done != total_)) return;
    shown_ = now;
    double const left =
        now / static_cast<double>(done - start_) * static_cast<double>(total_ - done);
    std::fprintf(stderr, "\r\033[K%s  step %lld/%lld  %s  %s left", label_.c_str(),
                 static_cast<long long>(done), static_cast<long long>(total_), text.c_str(),
                 format_seconds(left).c_str());
    std::fflush(stderr);
  }
  void lasting(std::int64_t done, std::string const& text) {
    double const now = watch_.seconds();
    double const left =
        now / static_cast<double>(done - start_) * static_cast<double>(total_ - done);
    std::fprintf(stderr, "%s%s  %s  %s, %s left\n", terminal_ ? "\r\033[K" : "", label_.c_str(),
                 text.c_str(), format_seconds(now).c_str(), format_seconds(left).c_str());
  }

 private:
  std::string label_;
  std::int64_t start_, total_;
  bool terminal_;
  stopwatch watch_;
  double shown_ = -1;
};

}  // namespace train_student
