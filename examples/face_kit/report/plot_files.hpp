// SPDX-License-Identifier: Apache-2.0
// Data files and a gnuplot script beside them, so that a plot can be drawn again, changed or taken
// elsewhere, and the attempt to draw it right away.
#pragma once

#include <fstream>
#include <ostream>
#include <string>

namespace face_kit {

/// @throws std::runtime_error  naming the file
std::ofstream open_to_write(std::string const& file);
void close_written(std::ofstream& stream, std::string const& file);

/// The first lines of a script: PNG and SVG of 900 x 600 in a loop over `format`, which the caller
/// closes with "}".
extern char const* const plot_formats;

/// Draws the plots where gnuplot is there; says in one line where it is not or fails.
void draw_plots(std::string const& folder, std::ostream& out);

}  // namespace face_kit
