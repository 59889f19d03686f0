// SPDX-License-Identifier: Apache-2.0
// Augmentation of training images: mirrored, shifted by a few pixels, sometimes masked. The
// teacher's cached embedding is not recomputed: the student learns that these changes do not change
// the identity.
#pragma once

#include <cstdint>

#include "face_kit/data/random_stream.hpp"
#include "face_kit/image/face_mask.hpp"

namespace face_kit {

struct augmentation_options {
  double flip = 0.5;  // probability of the mirror image
  int shift = 1;  // at most this many pixels in each direction (random crop of the padded image)
  double mask = 0.0;  // probability that a mask covers mouth and nose
};

/// Maps grey 0..255 to about -1..1.
inline void to_float(std::uint8_t const* face, int side, float* out) {
  for (int i = 0; i < side * side; ++i)
    out[i] = (static_cast<float>(face[i]) - 127.5f) * (1 / 128.0f);
}

/// @param landmarks  position the mask; without them it covers the lower half
void augment(std::uint8_t const* face, int side, augmentation_options const& options,
             random_stream random, float* out, face_landmarks const* landmarks = nullptr);

}  // namespace face_kit
