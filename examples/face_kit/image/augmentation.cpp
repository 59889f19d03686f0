// SPDX-License-Identifier: Apache-2.0
#include "face_kit/image/augmentation.hpp"

#include <algorithm>
#include <vector>

namespace face_kit {

void augment(std::uint8_t const* face, int side, augmentation_options const& options,
             random_stream random, float* out, face_landmarks const* landmarks) {
  // Every number is drawn whether it is used or not, so that one option does not change the effect
  // of another.
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
        std::clamp(y + down, 0, side - 1);  // edges repeat: black bars would be a feature
    for (int x = 0; x < side; ++x) {
      int const column = std::clamp((flip ? side - 1 - x : x) + right, 0, side - 1);
      bool const covered = row >= mask_row || (!drawn.empty() && drawn[row * side + column]);
      float const value =
          covered ? static_cast<float>(255 * grey) : static_cast<float>(face[row * side + column]);
      out[y * side + x] = (value - 127.5f) * (1 / 128.0f);
    }
  }
}

}  // namespace face_kit
