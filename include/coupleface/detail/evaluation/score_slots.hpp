// SPDX-License-Identifier: Apache-2.0
// coupleface: counts of scores per slot of the number line. Slots are narrowed down around the
// requested operating points until each is known exactly.
#pragma once

#include <coupleface/element.hpp>
#include <coupleface/view.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

/// Position of a float among all floats: a larger score has a larger key. Not for NaN; -0 is 0.
COUPLEFACE_HOST_DEVICE inline index_t key_of(float score) {
  std::uint32_t const bits = element_bits::bits_of(score + 0.0f);
  return index_t(bits >> 31 ? ~bits : bits | 0x80000000u);
}
inline float score_of(index_t key) {
  auto const bits = static_cast<std::uint32_t>(key);
  return element_bits::float_of(bits >> 31 ? bits & 0x7fffffffu : ~bits);
}

inline constexpr index_t lowest_key = 0x007fffff;    ///< of -infinity
inline constexpr index_t highest_key = 0xff800000u;  ///< of +infinity

/// Keys of the nearest float <= x, of the nearest float >= x.
inline index_t key_below(double x) {
  float const nearest = static_cast<float>(x);
  return key_of(nearest) - (double(nearest) > x);
}
inline index_t key_above(double x) {
  float const nearest = static_cast<float>(x);
  return key_of(nearest) + (double(nearest) < x);
}

/// Keys first ... last and the number of pairs with them: counts[0] different, counts[1] same.
struct score_slot {
  index_t first, last;
  index_t counts[2];
};

struct key_range {
  index_t first, last;
};

/// The crossing to find: the highest score at which a condition on all accepted pairs holds. The
/// condition then holds at every lower score.
struct crossing_request {
  double far;         ///< holds if a larger share of different pairs is accepted
  bool equal_errors;  ///< instead: holds if false accepts have reached false rejects
  double of[2];       ///< number of different pairs, of same pairs

  bool operator()(index_t const (&accepted)[2]) const {
    double const false_accepts = double(accepted[0]) / of[0];
    if (!equal_errors) { return false_accepts > far; }
    return false_accepts + double(accepted[1]) / of[1] - 1 >= 0;
  }
};

/// `slot` of the crossing, -1 if there is none; `next`, the first slot above it that holds a pair,
/// -1 if none does; `above`, the counts above the crossing's slot.
struct crossing {
  index_t slot = -1, next = -1;
  index_t above[2] = {0, 0};
};

inline crossing find_crossing(std::vector<score_slot> const& slots,
                              crossing_request const& request) {
  crossing found;
  for (index_t s = index_t(slots.size()) - 1; s >= 0; --s) {
    auto const& counts = slots[std::size_t(s)].counts;
    index_t const accepted[2] = {found.above[0] + counts[0], found.above[1] + counts[1]};
    if (request(accepted)) {
      found.slot = s;
      return found;
    }
    if (counts[0] + counts[1] > 0) { found.next = s; }
    std::copy(accepted, accepted + 2, found.above);
  }
  return found;
}

/// A range cut into bins of 2^shift keys.
struct slot_zone {
  key_range keys;
  int shift;
  index_t slot;  ///< of its first bin

  COUPLEFACE_HOST_DEVICE index_t slot_of(index_t key) const {
    if (key > keys.last) { return slot + ((keys.last - keys.first) >> shift) + 1; }
    return slot + ((key - keys.first) >> shift);
  }
};

/// Finds a key's slot in ascending zones with gaps before, between and after them.
struct slot_finder {
  slot_zone const* zones;
  index_t count;

  COUPLEFACE_HOST_DEVICE index_t operator()(index_t key) const {
    index_t low = 0, high = count;  // the first zone that begins after the key
    while (low < high) {
      index_t const middle = low + (high - low) / 2;
      if (key < zones[middle].keys.first) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low == 0 ? 0 : zones[low - 1].slot_of(key);
  }
};

/// Ranges divided into bins, with a slot for each gap between, below and above them.
class slot_layout {
 public:
  static constexpr index_t most_bins = index_t(1) << 16, fewest_bins = 1 << 8;

  explicit slot_layout(std::vector<key_range> ranges) {
    merge(ranges);
    index_t bins = most_bins;
    while (bins > fewest_bins && bins * index_t(ranges.size()) > most_bins) { bins /= 2; }
    index_t below = lowest_key;
    for (auto const& range : ranges) {
      slots_.push_back({below, range.first - 1, {0, 0}});
      int shift = 0;
      while ((range.last - range.first) >> shift >= bins) { ++shift; }
      zones_.push_back({range, shift, index_t(slots_.size())});
      for (index_t key = range.first; key <= range.last; key += index_t(1) << shift) {
        index_t const last = key + (index_t(1) << shift) - 1;
        slots_.push_back({key, std::min(last, range.last), {0, 0}});
      }
      below = range.last + 1;
    }
    slots_.push_back({below, highest_key, {0, 0}});
  }

  std::vector<score_slot>& slots() { return slots_; }
  slot_finder finder() const { return {zones_.data(), index_t(zones_.size())}; }

  index_t slot_of(index_t key) const { return finder()(key); }

  /// The slot that holds all of these keys (a gap or one bin), else -1.
  index_t common_slot(key_range keys) const {
    index_t const slot = slot_of(keys.first);
    return slot == slot_of(keys.last) ? slot : -1;
  }

  /// Whether every bin holds one key.
  bool exact() const {
    return std::all_of(zones_.begin(), zones_.end(),
                       [](slot_zone const& z) { return z.shift == 0; });
  }

 private:
  static void merge(std::vector<key_range>& ranges) {
    std::sort(ranges.begin(), ranges.end(), [](key_range const& a, key_range const& b) {
      return a.first < b.first || (a.first == b.first && a.last < b.last);
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      if (kept > 0 && ranges[i].first <= ranges[kept - 1].last) {
        ranges[kept - 1].last = std::max(ranges[kept - 1].last, ranges[i].last);
      } else {
        ranges[kept++] = ranges[i];
      }
    }
    ranges.resize(kept);
  }

  std::vector<score_slot> slots_;
  std::vector<slot_zone> zones_;
};

/// Ranges for the next pass: the slots of the crossings, and those whose lowest score is a
/// threshold.
inline std::vector<key_range> narrowed(std::vector<score_slot> const& slots,
                                       std::vector<crossing_request> const& requests) {
  std::vector<key_range> ranges;
  for (auto const& request : requests) {
    crossing const found = find_crossing(slots, request);
    for (index_t const s : {found.slot, request.equal_errors ? -1 : found.next}) {
      if (s >= 0) { ranges.push_back({slots[std::size_t(s)].first, slots[std::size_t(s)].last}); }
    }
  }
  return ranges;
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
