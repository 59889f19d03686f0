// SPDX-License-Identifier: Apache-2.0
// Random numbers that depend only on a key, never on earlier draws: a key of (seed, purpose, epoch,
// sample) gives the same crop, order and noise in an uninterrupted run and in one resumed from a
// checkpoint.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace face_kit {

class random_stream {
 public:
  explicit random_stream(std::initializer_list<std::uint64_t> key) {
    for (std::uint64_t k : key) state_ = mix(state_ ^ mix(k + golden));
  }

  std::uint64_t bits() { return mix(state_ += golden); }
  /// in [0, 1)
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  /// in [0, bound); the bias is negligible for bounds far below 2^32
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((bits() >> 32) * bound >> 32);
  }
  double normal() {
    double const radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }
  template <class Container>
  void shuffle(Container& values) {
    for (std::size_t i = values.size(); i > 1; --i)
      std::swap(values[i - 1], values[below(static_cast<std::uint32_t>(i))]);
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;
  static std::uint64_t mix(std::uint64_t z) {  // SplitMix64 (Steele, Lea, Flood 2014)
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_ = 0;
};

}  // namespace face_kit
