// What is done to a training image before the network sees it: mirrored, shifted by a few pixels,
// sometimes masked. The teacher's cached embedding is not recomputed: the student learns that these
// changes do not change the face.
#pragma once

#include <algorithm>
#include <cstdint>

#include "face_mask.hpp"
#include "random_stream.hpp"

namespace train_student {

struct augmentation_options {
  double flip = 0.5;  // probability of the mirror image
  int shift = 1;  // at most so many pixels in each direction (a random crop of the padded image)
  double mask = 0.0;  // probability that mouth and nose are covered, as by a mask
};

/// Grey 0..255 to about -1..1.
inline void to_float(std::uint8_t const* face, int side, float* out) {
  for (int i = 0; i < side * side; ++i)
    out[i] = (static_cast<float>(face[i]) - 127.5f) * (1 / 128.0f);
}

/// @param landmarks  say where the mask is; without them it covers the lower half
inline void augment(std::uint8_t const* face, int side, augmentation_options const& options,
                    random_stream random, float* out, face_landmarks const* landmarks = nullptr) {
  // Every number is drawn whether it is used or not, so that one option does not change what
  // another one does.
  bool const flip = random.uniform() < options.flip;
  auto const span = static_cast<std::uint32_t>(2 * options.shift + 1);
  int const down = static_cast<int>(random.below(span)) - options.shift;
  int const right = static_cast<int>(random.below(span)) - options.shift;
  bool const mask = random.uniform() < options.mask;
  double const edge = random.uniform(), grey = random.uniform();
  int const mask_row = mask && !landmarks ? static_cast<int>((0.50 + 0.12 * edge) * side) : side;
  std::vector<std::uint8_t> drawn;
  if (mask && landmarks) drawn = fill_outline(mask_outline(*landmarks, mask_top(edge)), side);

  for (int y = 0; y < side; ++y) {
    int const row =
        std::clamp(y + down, 0, side - 1);  // edges are repeated: black bars would be a feature
    for (int x = 0; x < side; ++x) {
      int const column = std::clamp((flip ? side - 1 - x : x) + right, 0, side - 1);
      bool const covered = row >= mask_row || (!drawn.empty() && drawn[row * side + column]);
      float const value =
          covered ? static_cast<float>(255 * grey) : static_cast<float>(face[row * side + column]);
      out[y * side + x] = (value - 127.5f) * (1 / 128.0f);
    }
  }
}

}  // namespace train_student
