// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/progress.hpp"

#include <unistd.h>

#include <utility>

#include "face_kit/run/messages.hpp"

namespace face_kit {

namespace {

constexpr char const* erase_line = "\r\033[K";

}  // namespace

progress_output progress_output::standard_error() {
  bool const terminal = ::isatty(STDERR_FILENO) == 1;
  return {stderr, terminal, terminal ? 0.2 : 30.0};
}

progress::progress(std::string label, std::string unit, std::int64_t done, std::int64_t total,
                   progress_output output)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      start_(done),
      total_(total),
      output_(output) {}

progress::~progress() {
  if (drawn_) std::fputs(erase_line, output_.file);
}

std::string progress::line(std::int64_t done, std::string const& text) const {
  double const now = watch_.seconds(), steps = static_cast<double>(done - start_);
  double const left = steps > 0 ? now / steps * static_cast<double>(total_ - done) : 0;
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, "  %5.1f %%  %s %lld of %lld",
                100 * static_cast<double>(done) / static_cast<double>(total_), unit_.c_str(),
                static_cast<long long>(done), static_cast<long long>(total_));
  return label_ + numbers + (text.empty() ? "" : "  ") + text + "  " + format_seconds(now) + ", " +
         format_seconds(left) + " left";
}

void progress::show(std::int64_t done, std::string const& text) {
  double const now = watch_.seconds();
  if (quiet() || done <= start_ || now - shown_ < output_.seconds) return;
  shown_ = now;
  drawn_ = output_.terminal;
  std::fprintf(output_.file, drawn_ ? "%s%s" : "%s%s\n", drawn_ ? erase_line : "",
               line(done, text).c_str());
  std::fflush(output_.file);
}

void progress::keep(std::int64_t done, std::string const& text) {
  if (quiet()) return;
  std::fprintf(output_.file, "%s%s\n", drawn_ ? erase_line : "", line(done, text).c_str());
  std::fflush(output_.file);
  drawn_ = false;
  shown_ = watch_.seconds();
}

}  // namespace face_kit
