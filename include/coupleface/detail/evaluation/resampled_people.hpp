// SPDX-License-Identifier: Apache-2.0
// coupleface: the people of pairs, and how often each is resampled, host side.
#pragma once

#include <coupleface/detail/mixed_bits.hpp>
#include <coupleface/error.hpp>

#include <algorithm>
#include <unordered_map>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A pair in score order, with the positions of its people.
struct resampled_pair {
  double score;
  std::int32_t a, b;
  std::uint32_t fold : 30;
  std::uint32_t same : 1;
  std::uint32_t right : 1;  ///< judged correctly at the threshold of its fold
};

/// Numbers people in order of first appearance; returns how many there are.
template <class I, class J>
index_t number_people(vector_view<I const> a, vector_view<J const> b, resampled_pair* pairs) {
  std::unordered_map<std::int64_t, std::int32_t> positions;
  auto const position_of = [&](std::int64_t id) {
    return positions.emplace(id, std::int32_t(positions.size())).first->second;
  };
  for (index_t i = 0; i < a.extent(0); ++i) {
    pairs[i].a = position_of(a(i));
    pairs[i].b = position_of(b(i));
  }
  return index_t(positions.size());
}

template <class Y, class I, class J>
void expect_same_people(char const* function, vector_view<Y const> same, vector_view<I const> a,
                        vector_view<J const> b) {
  for (index_t i = 0; i < same.extent(0); ++i) {
    if ((same(i) == Y(1)) != (std::int64_t(a(i)) == std::int64_t(b(i)))) {
      fail(function, "same(" + std::to_string(i) + ") is " + std::to_string(same(i)) +
                         ", but the identities are " + std::to_string(a(i)) + " and " +
                         std::to_string(b(i)));
    }
  }
}

/// Pseudo-random numbers of one resample: splitmix64 from a state that mixes seed and resample.
class people_stream {
 public:
  COUPLEFACE_HOST_DEVICE people_stream(std::uint64_t seed, std::uint64_t resample) {
    std::uint64_t const keys[] = {seed, resample};
    for (std::uint64_t const key : keys) {
      state_ = mixed_bits((state_ ^ mixed_bits(key, 0)) - golden, 0);
    }
  }
  /// The number in [0, bound) at a position of the stream.
  COUPLEFACE_HOST_DEVICE std::uint32_t below(std::uint32_t bound, index_t place) const {
    return static_cast<std::uint32_t>((mixed_bits(state_, std::uint64_t(place)) >> 32) * bound >>
                                      32);
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;
  std::uint64_t state_ = 0;
};

/// How often each person is sampled: `people` samples with replacement. Resample 0 has everybody
/// once.
inline void draw_people(std::uint64_t seed, index_t resample, std::uint32_t* counts,
                        index_t people) {
  std::fill(counts, counts + people, resample == 0 ? 1u : 0u);
  if (resample == 0) { return; }
  people_stream const stream(seed, std::uint64_t(resample));
  for (index_t i = 0; i < people; ++i) { ++counts[stream.below(std::uint32_t(people), i)]; }
}

/// A pair of one person weighs the person's count, a pair of two the product of their counts.
inline double weight_of(resampled_pair const& pair, std::uint32_t const* counts) {
  double const a = double(counts[pair.a]);
  return pair.same ? a : a * double(counts[pair.b]);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
