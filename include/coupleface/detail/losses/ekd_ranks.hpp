// SPDX-License-Identifier: Apache-2.0
// coupleface: scores of given ranks among all negatives, from counts of keys in ever smaller bins.
//
// A key is a cosine in steps of 2^-29, so that three counts find any score exactly, whatever the
// cosines are. One count and a short list are enough unless very many are nearly equal.
#pragma once

#include <coupleface/detail/rounded_product.hpp>
#include <coupleface/settings/ekd.hpp>

#include <algorithm>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// A cosine in steps of 2^-29, cut toward 0; -1 is 0, 1 is the largest key.
using ekd_key = std::uint32_t;
inline constexpr ekd_key ekd_zero = ekd_key(1) << 29, ekd_largest = ekd_key(1) << 30;
inline double ekd_score(ekd_key key) { return (double(key) - double(ekd_zero)) * 0x1p-29; }

/// The key of a cosine, which a product's rounding may carry past 1; 0 for NaN.
template <class Acc>
COUPLEFACE_HOST_DEVICE COUPLEFACE_ALWAYS_INLINE ekd_key ekd_key_of(Acc cosine) {
  Acc const above = cosine > Acc(-1) ? cosine : Acc(-1);
  Acc const inside = above < Acc(1) ? above : Acc(1);
  return ekd_key(std::int32_t(inside * Acc(ekd_zero))) + ekd_zero;
}

/// Ranges of 2^b keys, each cut into `bins` bins of 2^shift keys; one more slot is for all others.
struct ekd_bins {
  static constexpr int first_shift = 18, narrower = 9;
  static constexpr index_t most_slots = 2 + (ekd_largest >> first_shift);

  ekd_key first[ekd_thresholds::count] = {};
  ekd_key span = ekd_largest;  ///< last - first
  int ranges = 1, shift = first_shift;

  COUPLEFACE_HOST_DEVICE index_t bins() const { return index_t(span >> shift) + 1; }
  COUPLEFACE_HOST_DEVICE index_t others() const { return ranges * bins(); }
  ekd_key first_of(index_t slot) const {
    return first[slot / bins()] + (ekd_key(slot % bins()) << shift);
  }
};
static_assert(ekd_thresholds::count * (index_t(1) << ekd_bins::narrower) < ekd_bins::most_slots);

/// Finds the scores of one side that given numbers of negatives exceed.
class ekd_search {
 public:
  /// Where to count next, or what to list.
  ekd_bins const& bins() const { return bins_; }
  /// The slot of the last count that range r is.
  index_t slot(int r) const { return slots_[r]; }
  /// How many negatives lie above the range of number k.
  index_t above(int k) const { return above_[k]; }
  /// How many negatives lie in the ranges.
  index_t held() const { return held_; }
  /// Every range is one key.
  bool exact() const { return bins_.span == 0; }

  /// Narrows the ranges to the bins that hold the wanted scores. above[k] negatives exceed number
  /// k, fewer for each next one.
  void narrow(index_t const* counts, index_t const* above, int wanted) {
    ekd_bins next;
    next.ranges = 0;
    next.span = (ekd_key(1) << bins_.shift) - 1;
    next.shift = std::max(0, bins_.shift - ekd_bins::narrower);
    held_ = 0;
    for (int k = 0; k < wanted; ++k) {
      index_t const first = range_[k] * bins_.bins();
      index_t slot = first + bins_.bins() - 1;
      // Within its range even if a count is not that of the walk before, as where inputs change.
      for (; slot > first && above_[k] + counts[slot] <= above[k]; --slot) {
        above_[k] += counts[slot];
      }
      if (next.ranges == 0 || slots_[next.ranges - 1] != slot) {
        slots_[next.ranges] = slot;
        next.first[next.ranges++] = bins_.first_of(slot);
        held_ += counts[slot];
      }
      range_[k] = next.ranges - 1;
    }
    bins_ = next;
  }

  /// Number k if exact(); else from the listed keys of its range, which are reordered.
  ekd_key key(int k) const { return bins_.first[range_[k]]; }
  ekd_key key(int k, index_t above, ekd_key* const* lists) const {
    ekd_key *const begin = lists[range_[k]], *const end = lists[range_[k] + 1];
    ekd_key* const at = begin + (above - above_[k]);
    std::nth_element(begin, at, end, [](ekd_key a, ekd_key b) { return a > b; });
    return *at;
  }

 private:
  ekd_bins bins_;
  index_t slots_[ekd_thresholds::count] = {};
  int range_[ekd_thresholds::count] = {};      ///< of each wanted score
  index_t above_[ekd_thresholds::count] = {};  ///< negatives above that range
  index_t held_ = 0;
};

/// The scores that `negatives` pairs have as thresholds: above[k] of them exceed number k.
struct ekd_shares {
  int wanted = 0;
  index_t above[ekd_thresholds::count] = {};

  explicit ekd_shares(index_t negatives) {
    for (index_t share = 10; wanted < ekd_thresholds::count && share <= negatives; share *= 10) {
      above[wanted++] = negatives / share;
    }
  }
};

/// Moves the averages towards the first `wanted` thresholds of a batch, key_of(side, k): side 0 is
/// the student.
template <class KeyOf>
void move_thresholds(ekd_thresholds& averages, int wanted, double momentum, KeyOf key_of) {
  for (int k = 0; k < wanted; ++k) {
    bool const first = k >= averages.known;
    double const weight = first ? 1.0 : momentum;
    for (int side = 0; side < 2; ++side) {
      double& average = (side == 0 ? averages.student : averages.teacher)[k];
      average = rounded_product(1 - weight, average) +
                rounded_product(weight, ekd_score(key_of(side, k)));
    }
  }
  averages.known = std::max(averages.known, wanted);
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
