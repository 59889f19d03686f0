// SPDX-License-Identifier: Apache-2.0
// Opens files of rows and labels: mapped, not copied, so embeddings may be larger than memory.
#pragma once

#include <coupleface/io/npy.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace face_kit {

using coupleface::index_t;
using coupleface::matrix_view;

using any_rows = std::variant<coupleface::mapped_npy<float>, coupleface::mapped_npy<double>,
                              coupleface::mapped_npy<coupleface::float16>,
                              coupleface::mapped_npy<coupleface::bfloat16>>;

/// @brief An array of any shape, of float32, float64, float16 or bfloat16.
/// @throws std::runtime_error  naming the file: unsupported type, damage
any_rows open_array(std::string const& file, std::optional<bool> bfloat16_bits = {});

/// @brief [rows, width], otherwise as open_array.
/// @param bfloat16_bits  whether uint16 is read as bfloat16, for a program with that option
/// @throws std::runtime_error  also for another number of extents, and for rows without columns
any_rows open_rows(std::string const& file, std::optional<bool> bfloat16_bits = {});

/// The class of every row; -1: none. Only classes with rows are present: other numbers are unused.
struct sample_labels {
  std::vector<std::int32_t> of;
  std::vector<std::int32_t> present;  ///< the classes that have rows, ascending
  index_t classes = 0;                ///< the largest + 1
  index_t largest_in_row = -1;        ///< the first row with the largest
};

/// @brief [rows] of int32 or int64. @throws std::runtime_error  naming both files, or the row
sample_labels read_labels(std::string const& file, std::string const& embeddings, index_t rows);

/// Classes renumbered from 0 without gaps, in order.
std::vector<std::int32_t> without_gaps(sample_labels const& labels);

/// Catches a label that is wrong by a factor of a million before memory runs out.
/// @throws std::runtime_error  if that needs more memory than the machine, the container or
///   `ulimit -v` leaves
void expect_memory(std::string const& what, index_t rows, index_t columns, index_t bytes_each);
/// The same where the value of an option is to blame. @throws usage_error
void expect_option_fits(std::string const& what, index_t rows, index_t columns, index_t bytes_each);

}  // namespace face_kit
