// SPDX-License-Identifier: Apache-2.0
// Faces of nobody, for whoever has no face data at hand, as a dataset like any other.
#pragma once

#include <cstdint>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// How many faces to make. The dev people depend on seed, family size and side, not on the number
/// of others.
struct synthetic_options {
  int people = 600;  ///< of the train split
  int images_per_person = 10;
  int dev_people = 150;  ///< further people, of the dev split
  /// People of a family, who look alike: 80 % of the variance of what is inherited lies between
  /// families (synthetic_people.hpp). Consecutive people of one split; 1: nobody has relatives.
  int family_size = 1;
  int side = 32;
  std::uint64_t seed = 1;
};

/// @brief Makes the same faces for the same options, bit for bit, on any number of threads, and
/// with any compiler and processor whose arithmetic is IEEE 754's.
/// @throws std::invalid_argument  no people, images, pixels or family
face_dataset make_synthetic_faces(synthetic_options const& options);

}  // namespace face_kit
