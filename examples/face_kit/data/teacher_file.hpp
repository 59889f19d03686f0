// SPDX-License-Identifier: Apache-2.0
// The teacher's embeddings from a file: which row is whose, and that all of them are numbers.
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

/// @brief Reads [images of list or folder, d] of float32, float64, float16 or bfloat16. Rows of
/// images that were left out as undecodable are left out too; faces that are in neither list nor
/// folder get zeros.
/// @throws std::runtime_error  naming the file, and both counts of rows, or row, column and image
/// of
///                             the first value that is not finite as float32
teacher_rows read_teacher(std::string const& file, face_dataset const& faces);

}  // namespace face_kit
