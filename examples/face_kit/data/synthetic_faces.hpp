// SPDX-License-Identifier: Apache-2.0
// Faces of nobody, for whoever has no face data at hand, as a dataset like any other.
#pragma once

#include <cstdint>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// How many faces to draw. The dev people depend on the seed alone, not on the number of others.
struct synthetic_options {
  int people = 600;  ///< of the train split
  int images_per_person = 10;
  int dev_people = 150;  ///< further people, of the dev split
  int side = 32;
  std::uint64_t seed = 1;
};

/// @brief Draws the same faces for the same options, bit for bit, on any number of threads. Another
/// compiler or processor may round a few pixels differently.
/// @throws std::invalid_argument  no people, no images or no pixels asked for
face_dataset make_synthetic_faces(synthetic_options const& options);

}  // namespace face_kit
