// SPDX-License-Identifier: Apache-2.0
// Draws masks over mouth and nose from five landmarks of a face: the eyes and the point under the
// nose give position, direction and size.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

struct face_point {
  double x = 0, y = 0;
};

/// In pixels, with integers at pixel centres: subject's left eye (outer, inner corner), right eye
/// (outer, inner), under the nose.
using face_landmarks = std::array<face_point, 5>;

/// Converts pixels of a whole image to pixels of its largest centred square at side x side.
face_point in_square(face_point p, image_size whole, int side);

/// @brief Outline of a mask from the bridge of the nose down over the chin, cheek to cheek.
/// @param top  where the mask begins on the nose: 0 between the eyes, 1 under the nose
/// @throws std::invalid_argument  the eyes coincide, or the nose is not below them
std::vector<face_point> mask_outline(face_landmarks const& face, double top);

/// The outline of a mask whose top is sampled from [0, 1): high on the nose to just above its tip.
inline double mask_top(double edge) { return 0.45 + 0.35 * edge; }

/// [side, side], 1 where the centre of a pixel is inside.
std::vector<std::uint8_t> fill_outline(std::vector<face_point> const& outline, int side);

/// @brief Reads [images of list or folder, 5, 2], x and y in pixels of the image files. Skips rows
/// of images that were left out as undecodable.
/// @throws std::runtime_error  naming the file, and both sizes or the image for which no mask can
/// be drawn
std::vector<face_landmarks> load_landmarks(std::string const& file, face_dataset const& faces);

}  // namespace face_kit
