// Data files and a gnuplot script beside them, so that a plot can be drawn again, changed or taken
// elsewhere, and the attempt to draw it right away.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>

namespace example_output {

inline std::ofstream open_to_write(std::string const& file) {
  std::ofstream stream(file);
  if (!stream) throw std::runtime_error(file + ": cannot be written");
  stream.precision(8);
  return stream;
}

inline void close_written(std::ofstream& stream, std::string const& file) {
  stream.close();
  if (!stream) throw std::runtime_error(file + ": writing failed");
}

inline std::string shell_quoted(std::string const& text) {
  std::string quoted = "'";
  for (char const c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Draws the plots where gnuplot is there; says in one line where it is not or fails.
inline void draw_plots(std::string const& folder, std::ostream& out) {
  auto const command = "cd -- " + shell_quoted(folder) + " && gnuplot plots.gp >plots.log 2>&1";
  int const status = std::system(command.c_str());
  if (status == 0) {
    std::remove((folder + "/plots.log").c_str());
    return;
  }
  bool const absent = WIFEXITED(status) && WEXITSTATUS(status) == 127;
  out << (absent ? "gnuplot was not found" : "gnuplot failed (plots.log says why)")
      << ": no plots; to draw them run gnuplot plots.gp in " << folder << '\n';
  if (absent) std::remove((folder + "/plots.log").c_str());
}

}  // namespace example_output
