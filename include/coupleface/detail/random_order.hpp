// SPDX-License-Identifier: Apache-2.0
// coupleface: a random order that is computed instead of stored.
#pragma once

#include <coupleface/detail/mixed_bits.hpp>
#include <coupleface/view.hpp>

#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// @brief A pseudo-random permutation of [0, size) for every (seed, stream), without a table.
///
/// A Feistel network permutes the positions 0 ... 2^bits - 1, 2^bits < 2 size; callers skip
/// positions beyond `size`. With independent random rounds every position is equally likely after
/// two rounds, and each further pair of rounds reduces the remaining dependence between positions
/// by the size of a half (at least 16): eight rounds leave less than 16^-3.
class random_order {
 public:
  COUPLEFACE_HOST_DEVICE random_order(std::uint64_t seed, std::uint64_t stream, index_t size)
      : key_(mixed_bits(seed, stream)) {
    int bits = 8;
    while ((index_t(1) << bits) < size) { ++bits; }
    low_bits_ = bits / 2;
    low_mask_ = (std::uint64_t(1) << low_bits_) - 1;
    high_mask_ = (std::uint64_t(1) << (bits - low_bits_)) - 1;
    positions_ = index_t(1) << bits;
  }

  COUPLEFACE_HOST_DEVICE index_t positions() const { return positions_; }

  COUPLEFACE_HOST_DEVICE index_t operator()(index_t position) const {
    std::uint64_t low = std::uint64_t(position) & low_mask_;
    std::uint64_t high = std::uint64_t(position) >> low_bits_;
    for (std::uint64_t round = 0; round < 8; round += 2) {
      high ^= mixed_bits(key_, (round << 32) + low) & high_mask_;
      low ^= mixed_bits(key_, ((round + 1) << 32) + high) & low_mask_;
    }
    return static_cast<index_t>((high << low_bits_) | low);
  }

 private:
  std::uint64_t key_;
  std::uint64_t low_mask_;
  std::uint64_t high_mask_;
  index_t positions_;
  int low_bits_;
};

}  // namespace detail
COUPLEFACE_NAMESPACE_END
