// SPDX-License-Identifier: Apache-2.0
// coupleface: rows of floats as 16-bit integers, for a screen of half the width.
#pragma once

#include <coupleface/detail/element.hpp>
#include <coupleface/detail/row_sums.hpp>
#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr index_t packed_chunk = 64;  ///< numbers processed together
/// Added to a float of magnitude below 2^22, it leaves the nearest integer in the last bits.
inline constexpr float whole_rounder = 1.5f * (1 << 23);

}  // namespace detail
COUPLEFACE_NAMESPACE_END

#define COUPLEFACE_KERNELS_FILE "coupleface/detail/search/packing.inc"
#include <coupleface/detail/simd/for_each_target.inc>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// squares[l] += x[l]^2 and largest[l] = max(largest[l], |x[l]|) for a chunk.
inline void measure_chunk(float const* x, double* squares, float* largest) {
  COUPLEFACE_RETURN_KERNEL(measure_chunk(x, squares, largest));
}
/// out[l] = x[l] scale for a chunk, rounded to nearest by an addition.
inline void round_chunk(float const* x, float scale, std::int16_t* out) {
  COUPLEFACE_RETURN_KERNEL(round_chunk(x, scale, out));
}
/// squares[l] += (x[l] - unit numbers[l])^2 for l < count.
inline void add_square_gaps(float const* x, std::int16_t const* numbers, double unit, index_t count,
                            double* squares) {
  COUPLEFACE_RETURN_KERNEL(add_square_gaps(x, numbers, unit, count, squares));
}

/// out[l] = the low byte of numbers[l], for a chunk.
inline void low_bytes(std::int16_t const* numbers, std::uint8_t* out) {
  COUPLEFACE_RETURN_KERNEL(low_bytes(numbers, out));
}

/// A row as integer multiples of one float: x ~ unit * integers. No integer needs more than 16
/// bits, and their norm is at most sqrt(2^31 - 1), so that sums of products of two rows fit 32 bits
/// (Cauchy-Schwarz). A row with an infinity or NaN has the unit NaN.
class whole_row {
 public:
  static constexpr index_t chunk = packed_chunk;

  /// The norm of the integers may reach sqrt(2^31 - 1) = 46340.95. One is reserved for float
  /// rounding. Rounding to nearest moves each number by at most 1/2, so the row by at most
  /// sqrt(width) / 2.
  static constexpr double largest_norm = 46340.0 - 1, moved_of_each = 0.51;
  /// A number may reach 2^15 - 1 = 32767; before rounding one less.
  static constexpr double largest_number = 32766.0;
  /// The same for integers of 8 bits, whose largest is exactly 127 after rounding.
  static constexpr double largest_of_8_bits = 127.0;
  /// A row with a smaller squared norm counts as 0; scale and unit of all others are normal floats.
  static constexpr double least_square = 1e-60;

  whole_row(float const* x, index_t width, double most = largest_number) : x_(x), width_(width) {
    double square = 0;
    float largest = 0;
    measure(square, largest);
    if (!is_finite(square)) {
      scale_ = 0;
      unit_ = float(not_a_number);
    } else if (square < least_square) {
      scale_ = 0;
    } else {
      double const norm = largest_norm - moved_of_each * std::sqrt(double(width));
      double const scale = std::min(norm / std::sqrt(square), most / double(largest));
      scale_ = float(scale);
      unit_ = float(1 / scale);
    }
  }

  float unit() const { return unit_; }

  /// The integers of elements [first, first + chunk), 0 past the last element. They are rounded to
  /// nearest by an addition, which leaves them in the low bits of floats between 2^23 and 2^24.
  void write_chunk(index_t first, std::int16_t* out) const {
    float last[chunk];
    round_chunk(chunk_of(first, last), scale_, out);
  }

 private:
  // Always `chunk` elements, so that the compiler vectorises the loops over them.
  float const* chunk_of(index_t first, float* last) const {
    index_t const count = scale_ == 0 ? 0 : width_ - first;
    if (count >= chunk) { return x_ + first; }
    std::fill(std::copy_n(x_ + first, count, last), last + chunk, 0.0f);
    return last;
  }

  void measure(double& square, float& largest) const {
    double squares[chunk] = {};
    float most[chunk] = {}, last[chunk];
    for (index_t first = 0; first < width_; first += chunk) {
      measure_chunk(chunk_of(first, last), squares, most);
    }
    for (index_t half = chunk / 2; half > 0; half /= 2) {
      for (index_t l = 0; l < half; ++l) {
        squares[l] += squares[l + half];
        most[l] = std::max(most[l], most[l + half]);
      }
    }
    square = squares[0];
    largest = most[0];
  }

  float const* x_;
  index_t width_;
  float scale_ = 1, unit_ = 0;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
