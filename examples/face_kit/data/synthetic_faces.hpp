// SPDX-License-Identifier: Apache-2.0
// Generates synthetic faces as a dataset, for use without face data.
#pragma once

#include <cstdint>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// Which faces to generate. The dev people depend on seed, family size and side, not on the number
/// of train people.
struct synthetic_options {
  int people = 600;  ///< of the train split
  int images_per_person = 10;
  int dev_people = 150;  ///< additional people, of the dev split
  /// People per family, who look alike: 80 % of the variance of inherited numbers lies between
  /// families (synthetic_people.hpp). A family is consecutive people of one split; 1: no relatives.
  int family_size = 1;
  int side = 32;
  std::uint64_t seed = 1;
};

/// @brief Generates the same faces for the same options, bit for bit, for any number of threads and
/// any compiler and processor with IEEE 754 arithmetic.
/// @throws std::invalid_argument  if there are no people, images, pixels or family members
face_dataset make_synthetic_faces(synthetic_options const& options);

}  // namespace face_kit
