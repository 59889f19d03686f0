// SPDX-License-Identifier: Apache-2.0
// Resizes images to one size.
#pragma once

#include <cstdint>

namespace face_kit {

/// @brief Area average of the largest centred square of an image, scaled to side x side. Integer
/// arithmetic throughout: every source pixel is weighted by exactly the area that it covers.
void resize_area(std::uint8_t const* source, int width, int height, int side, std::uint8_t* target);

}  // namespace face_kit
