// SPDX-License-Identifier: Apache-2.0
// Images to one size.
#pragma once

#include <cstdint>

namespace face_kit {

/// @brief Area average of the largest centred square of an image, to side x side. Integer
/// throughout: every source pixel counts by exactly the area that it covers.
void resize_area(std::uint8_t const* source, int width, int height, int side, std::uint8_t* target);

}  // namespace face_kit
