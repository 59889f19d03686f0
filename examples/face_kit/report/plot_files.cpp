// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/plot_files.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "face_kit/distillation/methods.hpp"
#include "face_kit/run/messages.hpp"
#include "face_kit/run/program.hpp"

namespace face_kit {

std::ostringstream text_of_file() {
  std::ostringstream stream;
  stream.precision(8);
  return stream;
}

char const* const plot_formats =
    "do for [format in 'png svg'] {\n"
    "  if (format eq 'svg') { set terminal svg size 900,600 background 'white' } else {\n"
    "    if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) { set terminal pngcairo size 900,600 }\n"
    "    else { set terminal png size 900,600 }\n  }\n";

namespace {

constexpr char const* other_colours[] = {"#56B4E9", "#E69F00", "#332288", "#7F7F7F"};

}  // namespace

std::string plot_colour(std::string const& method, std::size_t place) {
  auto const* const known = find_method(method);
  return std::string("'") +
         (known != nullptr ? known->colour : other_colours[place % std::size(other_colours)]) + "'";
}

std::string plot_line(std::string const& method, std::size_t place) {
  auto const* const known = find_method(method);
  auto const dash =
      known != nullptr ? std::size_t(known->dash) : 1 + place / std::size(other_colours) % 4;
  return "lc rgb " + plot_colour(method, place) + (dash > 1 ? " dt " + std::to_string(dash) : "");
}

std::string plot_title(std::string const& method) {
  auto const* const known = find_method(method);
  return known != nullptr ? known->title : method;
}

int whole_step(int last) { return std::max(1, (last + 9) / 10); }

namespace {

std::string shell_quoted(std::string const& text) {
  std::string quoted = "'";
  for (char const c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Whether a picture was written to its end; gnuplot does not tell.
bool is_complete(std::string const& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string const bytes{std::istreambuf_iterator<char>(stream), {}};
  std::string const end =
      file.substr(file.size() - 4) == ".svg" ? "</svg>\n" : std::string("IEND\xAE\x42\x60\x82");
  auto const at = bytes.rfind(end.substr(0, end.find('\n')));
  return at != std::string::npos && bytes.size() - at <= end.size() + 1;
}

}  // namespace

void draw_plots(std::string const& folder, std::vector<std::string> const& pictures,
                std::ostream& out) {
  auto const command = "cd -- " + shell_quoted(folder) + " && gnuplot plots.gp >plots.log 2>&1";
  int const status = std::system(command.c_str());
  bool const absent = WIFEXITED(status) && WEXITSTATUS(status) == 127;
  std::string missing;
  for (auto const& picture : pictures) {
    for (char const* const format : {".png", ".svg"}) {
      auto const file = folder + '/' + picture + format;
      if (is_complete(file)) continue;
      std::remove(file.c_str());
      missing += (missing.empty() ? "" : ", ") + picture + format;
    }
  }
  if (absent) {
    if (!json_wanted() || !quiet())
      out << "gnuplot was not found: no plots; to draw them run gnuplot plots.gp in " << folder
          << '\n';
  } else if (status != 0 || !missing.empty()) {
    warn("%s: gnuplot did not draw %s (see plots.log); to try again run gnuplot plots.gp there",
         folder.c_str(), missing.empty() ? "all plots" : missing.c_str());
    return;
  }
  std::remove((folder + "/plots.log").c_str());
}

}  // namespace face_kit
