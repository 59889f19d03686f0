// What a run says while it lasts: a line with the time left.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "../long_run.hpp"

namespace train_student {

using namespace long_run;

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
