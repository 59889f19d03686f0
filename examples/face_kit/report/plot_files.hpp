// SPDX-License-Identifier: Apache-2.0
// Writes data files with a gnuplot script, so that plots can be redrawn, changed or reused, and
// runs gnuplot if possible.
#pragma once

#include <cstddef>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace face_kit {

/// A stream with the precision of these files, for write_atomically().
std::ostringstream text_of_file();

/// The first lines of a script: PNG and SVG of 900 x 600 in a loop over `format`, which the caller
/// closes with "}".
extern char const* const plot_formats;

/// @brief A method's colour in every plot, as a gnuplot colour with quotes: fixed for the trainers'
/// methods (face_kit/distillation/methods.hpp), one of four others by its position for all other
/// methods. From colour-blind safe palettes, without yellow, which is pale on white.
std::string plot_colour(std::string const& method, std::size_t place);

/// @brief "lc rgb COLOUR", for a line, and its dash type if it is not solid: related methods have
/// one colour and different dashes.
std::string plot_line(std::string const& method, std::size_t place);

/// A method's name in legends.
std::string plot_title(std::string const& method);

/// gnuplot's tick step for an integer axis from 1 to `last`: at most ten steps.
int whole_step(int last);

/// @brief Runs the folder's plots.gp if gnuplot is installed, and says in one line if it is not.
/// Removes pictures that gnuplot did not write to their end, as on a full disk, and warns of them.
/// @param pictures  that the script draws, without .png and .svg
void draw_plots(std::string const& folder, std::vector<std::string> const& pictures,
                std::ostream& out);

}  // namespace face_kit
