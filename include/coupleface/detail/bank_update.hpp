// SPDX-License-Identifier: Apache-2.0
// coupleface: how each update rule of a feature bank changes one class, host and device.
#pragma once

#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/row.hpp>
#include <coupleface/error.hpp>
#include <coupleface/settings/bank_update.hpp>

#include <cmath>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN
namespace detail {

inline constexpr std::int64_t empty_slot = -1;

inline void expect_update(char const*, frozen_prototypes const&) {}
inline void expect_update(char const*, latest_sample const&) {}

inline void expect_update(char const* function, moving_average const& update) {
  expect(update.momentum >= 0 && update.momentum < 1, function,
         "momentum of moving_average is outside [0, 1)");
}

inline void expect_update(char const* function, recent_ring const& update) {
  expect(update.capacity > 0 && update.age_limit > 0, function,
         "capacity and age_limit of recent_ring must be positive");
}

/// The pointers of one half of a bank, for a policy's functor.
template <class T, class X>
struct half_rows {
  matrix_view<T> entries;
  T const* prototypes;
  T* slots;
  std::int64_t* ages;
  std::int64_t* next_slots;
  matrix_view<X const> batch;
};

/// The batch rows of one class, in batch order.
struct class_members {
  index_t const* rows;
  index_t count;
};

template <class Team, class T, class X>
COUPLEFACE_HOST_DEVICE void update_class(Team const&, frozen_prototypes const&,
                                         half_rows<T, X> const&, index_t, class_members,
                                         std::int64_t) {}

template <class Team, class T, class X>
COUPLEFACE_HOST_DEVICE void update_class(Team const& team, latest_sample const&,
                                         half_rows<T, X> const& half, index_t c,
                                         class_members members, std::int64_t) {
  index_t const width = half.entries.extent(1);
  for (index_t m = members.count - 1; m >= 0; --m) {
    X const* const x = half.batch.row(members.rows[m]);
    if (is_degenerate<X>(row_norm(team, x, width))) { continue; }
    normalize_row(team, x, half.entries.row(c), width);
    return;
  }
}

template <class Team, class T, class X>
COUPLEFACE_HOST_DEVICE void update_class(Team const& team, moving_average const& update,
                                         half_rows<T, X> const& half, index_t c,
                                         class_members members, std::int64_t) {
  static_assert(std::is_floating_point_v<T>,
                "coupleface::feature_bank: moving_average needs float or double entries: the small "
                "steps of a mean are lost in sixteen bits");
  index_t const width = half.entries.extent(1);
  T* const entry = half.entries.row(c);
  for (index_t m = 0; m < members.count; ++m) {
    X const* const x = half.batch.row(members.rows[m]);
    double const norm = row_norm(team, x, width);
    if (is_degenerate<X>(norm)) { continue; }
    double const share = (1 - update.momentum) * inverse_norm<X>(norm);
    auto const mix = [momentum = update.momentum, share](double g, double t) {
      return std::fma(momentum, g, share * t);
    };
    team.transform(entry, width, mix, entry, x);
    normalize_row(team, entry, entry, width);
  }
}

/// Whether a slot written at update `age` has expired at update `step`.
COUPLEFACE_HOST_DEVICE inline bool is_expired(recent_ring const& update, std::int64_t age,
                                              std::int64_t step) {
  return age != empty_slot && step - age > update.age_limit;
}

/// Empties the expired slots; returns whether there were any.
template <class Team>
COUPLEFACE_HOST_DEVICE bool expire(Team const& team, recent_ring const& update, std::int64_t* ages,
                                   std::int64_t step) {
  bool expired = false;
  for (index_t q = 0; q < update.capacity; ++q) { expired |= is_expired(update, ages[q], step); }
  team.wait();  // every thread has read the ages
  for (index_t q = 0; q < update.capacity && team.leads(); ++q) {
    if (is_expired(update, ages[q], step)) { ages[q] = empty_slot; }
  }
  return expired;
}

/// entry = normalised mean of the live slots, or the prototype.
template <class Team, class T>
COUPLEFACE_HOST_DEVICE void average_slots(Team const& team, index_t capacity,
                                          std::int64_t const* ages, T const* slots,
                                          T const* prototype, T* entry, index_t width) {
  index_t live = 0;
  for (index_t q = 0; q < capacity; ++q) { live += ages[q] != empty_slot; }
  team.columns(width, [=](index_t j) {
    double sum = 0;
    for (index_t q = 0; q < capacity; ++q) {
      if (ages[q] != empty_slot) { sum += load(slots[q * width + j]); }
    }
    entry[j] = live == 0 ? prototype[j] : store<T>(sum / double(live));
  });
  if (live > 0) { normalize_row(team, entry, entry, width); }
}

/// Slots are filled as a ring, so the next one is always the oldest, or an emptied one.
template <class Team, class T, class X>
COUPLEFACE_HOST_DEVICE void update_class(Team const& team, recent_ring const& update,
                                         half_rows<T, X> const& half, index_t c,
                                         class_members members, std::int64_t step) {
  index_t const width = half.entries.extent(1);
  std::int64_t* const ages = half.ages + c * update.capacity;
  T* const slots = half.slots + c * update.capacity * width;
  bool changed = expire(team, update, ages, step);
  index_t q = half.next_slots[c];
  team.wait();  // every thread has read next_slots before one updates it
  for (index_t m = 0; m < members.count; ++m) {
    X const* const x = half.batch.row(members.rows[m]);
    if (is_degenerate<X>(row_norm(team, x, width))) { continue; }
    normalize_row(team, x, slots + q * width, width);
    if (team.leads()) { ages[q] = step; }
    q = (q + 1) % update.capacity;
    changed = true;
  }
  if (team.leads()) { half.next_slots[c] = q; }
  team.wait();
  if (changed) {
    average_slots(team, update.capacity, ages, slots, half.prototypes + c * width,
                  half.entries.row(c), width);
  }
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
