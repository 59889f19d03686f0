// SPDX-License-Identifier: Apache-2.0
// Reads the teacher's embeddings from a file: assigns rows to faces and checks that they are
// finite.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "face_kit/data/face_dataset.hpp"

namespace face_kit {

/// Row i is the embedding of face i of a dataset.
struct teacher_rows {
  std::int64_t width = 0;
  std::vector<float> values;
};

/// @brief Reads [images of list or folder, d] of float32, float64, float16 or bfloat16. Skips rows
/// of images that were left out as undecodable; faces in neither list nor folder get zeros.
/// @throws std::runtime_error  naming the file, and both row counts, or row, column and image of
/// the first value that is not finite as float32
teacher_rows read_teacher(std::string const& file, face_dataset const& faces);

}  // namespace face_kit
