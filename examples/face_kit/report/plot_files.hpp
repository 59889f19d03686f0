// SPDX-License-Identifier: Apache-2.0
// Data files and a gnuplot script beside them, so that a plot can be drawn again, changed or taken
// elsewhere, and the attempt to draw it right away.
#pragma once

#include <cstddef>
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

/// @brief How a method looks in every picture: a fixed colour for the methods of the trainers, one
/// of four others by its place for all others. Of Okabe and Ito's colours, which the colour-blind
/// can tell apart, without the yellow, which is pale on white. As gnuplot's colour, quotes
/// included.
std::string plot_colour(std::string const& method, std::size_t place);

/// What a legend calls a method.
std::string plot_title(std::string const& method);

/// gnuplot's step between whole numbers of an axis from 1 to `last`: at most ten of them.
int whole_step(int last);

/// Draws the plots where gnuplot is there; says in one line where it is not or fails.
void draw_plots(std::string const& folder, std::ostream& out);

}  // namespace face_kit
