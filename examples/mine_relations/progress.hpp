// What a run says while it lasts.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "../long_run.hpp"

namespace mine_relations {

using namespace long_run;

/// One line that is rewritten on a terminal; elsewhere a line now and then.
class progress {
 public:
  progress(std::string what, char const* unit, std::int64_t done, std::int64_t total)
      : what_(std::move(what)),
        unit_(unit),
        start_(done),
        total_(total),
        terminal_(::isatty(STDERR_FILENO) == 1) {}
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;
  ~progress() {
    if (terminal_) std::fprintf(stderr, "\r\033[K");
  }

  void show(std::int64_t done) {
    double const now = watch_.seconds();
    if (done <= start_ || now - shown_ < (terminal_ ? 0.2 : 10.0)) return;
    shown_ = now;
    double const left =
        now / static_cast<double>(done - start_) * static_cast<double>(total_ - done);
    std::fprintf(stderr, "%s%s  %5.1f %%  %s %lld of %lld  %s, %s left%s",
                 terminal_ ? "\r\033[K" : "", what_.c_str(),
                 100 * static_cast<double>(done) / static_cast<double>(total_), unit_,
                 static_cast<long long>(done), static_cast<long long>(total_),
                 format_seconds(now).c_str(), format_seconds(left).c_str(), terminal_ ? "" : "\n");
    std::fflush(stderr);
  }

 private:
  std::string what_;
  char const* unit_;
  std::int64_t start_, total_;
  bool terminal_;
  stopwatch watch_;
  double shown_ = 0;
};

}  // namespace mine_relations
