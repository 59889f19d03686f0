// coupleface: the arrays of a feature bank and how a batch changes them, host side.
#pragma once

#include <coupleface/bank_update.hpp>
#include <coupleface/detail/for_each_index.hpp>
#include <coupleface/detail/grouping.hpp>
#include <coupleface/detail/ids.hpp>
#include <coupleface/detail/normalize.hpp>
#include <coupleface/detail/scratch.hpp>

#include <cmath>
#include <cstdint>

COUPLEFACE_NAMESPACE_BEGIN

namespace detail {

inline constexpr std::int64_t empty_slot = -1;

/// One half of a bank. Prototypes and slots are kept only where there is a ring, which goes back
/// to the prototype when all its entries have grown old.
template <class T, template <class...> class Vector>
struct bank_half {
  index_t classes = 0;
  index_t width = 0;
  Vector<T> entries;          // [C, d]
  Vector<T> prototypes;       // [C, d] if there are slots
  Vector<T> slots;            // [C, Q, d]
  Vector<std::int64_t> ages;  // [C, Q]: the update that wrote a slot

  bank_half() = default;

  template <class Policy, class P>
  bank_half(Policy const& policy, matrix_view<P const> start, index_t slot_count)
      : classes(start.extent(0)), width(start.extent(1)) {
    entries.resize(static_cast<std::size_t>(classes * width));
    normalize_rows(policy, start, view());
    if (slot_count > 0) { prototypes = entries; }
    slots.assign(static_cast<std::size_t>(classes * width * slot_count), T(0.0f));
    ages.assign(static_cast<std::size_t>(width == 0 ? 0 : classes * slot_count), empty_slot);
  }

  matrix_view<T> view() { return {raw(entries), classes, width}; }
  matrix_view<T const> view() const { return {raw(entries), classes, width}; }
};

/// The pointers of one half, for use inside a policy's functor.
template <class T, class X>
struct half_rows {
  matrix_view<T> entries;
  T const* prototypes;
  T* slots;
  std::int64_t* ages;
  matrix_view<X const> batch;
};

template <class T, template <class...> class Vector, class X>
half_rows<T, X> rows_of(bank_half<T, Vector>& half, matrix_view<X const> batch) {
  return {half.view(), raw(half.prototypes), raw(half.slots), raw(half.ages), batch};
}

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

template <class X, class L>
void expect_batch(char const* function, char const* argument, matrix_view<X> batch,
                  vector_view<L> labels, index_t width) {
  expect_view(function, argument, batch);
  expect_view(function, "labels", labels);
  expect_equal(function, "size of labels", labels.extent(0), "rows of the batch", batch.extent(0));
  expect_equal(function, "width of the batch", batch.extent(1), "width of the bank", width);
}

/// Members of one class in a batch, in the batch's order.
struct class_members {
  index_t const* rows;
  index_t count;
};

template <class T, class X>
COUPLEFACE_HOST_DEVICE void renew(frozen_prototypes const&, half_rows<T, X> const&, index_t,
                                  class_members, std::int64_t) {}

template <class T, class X>
COUPLEFACE_HOST_DEVICE void renew(latest_sample const&, half_rows<T, X> const& half, index_t c,
                                  class_members members, std::int64_t) {
  if (members.count == 0) { return; }
  normalize_row(half.batch.row(members.rows[members.count - 1]), half.entries.row(c),
                half.entries.extent(1));
}

template <class T, class X>
COUPLEFACE_HOST_DEVICE void renew(moving_average const& update, half_rows<T, X> const& half,
                                  index_t c, class_members members, std::int64_t) {
  index_t const width = half.entries.extent(1);
  T* const entry = half.entries.row(c);
  for (index_t m = 0; m < members.count; ++m) {
    X const* const x = half.batch.row(members.rows[m]);
    double const share = (1 - update.momentum) * inverse_norm<X>(row_norm(x, width));
    for (index_t j = 0; j < width; ++j) {
      entry[j] = store<T>(std::fma(update.momentum, load(entry[j]), share * load(x[j])));
    }
    normalize_row(entry, entry, width);
  }
}

/// The slot to overwrite: an empty one, else the oldest, the first among equals.
COUPLEFACE_HOST_DEVICE inline index_t oldest_slot(std::int64_t const* ages, index_t capacity) {
  index_t oldest = 0;
  for (index_t q = 1; q < capacity; ++q) {
    if (ages[q] < ages[oldest]) { oldest = q; }
  }
  return oldest;
}

/// Empties the slots that have grown too old; were there any?
COUPLEFACE_HOST_DEVICE inline bool expire(recent_ring const& update, std::int64_t* ages,
                                          std::int64_t step) {
  bool expired = false;
  for (index_t q = 0; q < update.capacity; ++q) {
    if (ages[q] != empty_slot && step - ages[q] > update.age_limit) {
      ages[q] = empty_slot;
      expired = true;
    }
  }
  return expired;
}

/// entry = normalised mean of the live slots, or the prototype.
template <class T>
COUPLEFACE_HOST_DEVICE void average_slots(index_t capacity, std::int64_t const* ages,
                                          T const* slots, T const* prototype, T* entry,
                                          index_t width) {
  index_t live = 0;
  for (index_t q = 0; q < capacity; ++q) { live += ages[q] != empty_slot; }
  for (index_t j = 0; j < width; ++j) {
    double sum = 0;
    for (index_t q = 0; q < capacity; ++q) {
      if (ages[q] != empty_slot) { sum += load(slots[q * width + j]); }
    }
    entry[j] = live == 0 ? prototype[j] : store<T>(sum / double(live));
  }
  if (live > 0) { normalize_row(entry, entry, width); }
}

template <class T, class X>
COUPLEFACE_HOST_DEVICE void renew(recent_ring const& update, half_rows<T, X> const& half, index_t c,
                                  class_members members, std::int64_t step) {
  index_t const width = half.entries.extent(1);
  std::int64_t* const ages = half.ages + c * update.capacity;
  T* const slots = half.slots + c * update.capacity * width;
  bool const expired = expire(update, ages, step);
  for (index_t m = 0; m < members.count; ++m) {
    index_t const q = oldest_slot(ages, update.capacity);
    normalize_row(half.batch.row(members.rows[m]), slots + q * width, width);
    ages[q] = step;
  }
  if (expired || members.count > 0) {
    average_slots(update.capacity, ages, slots, half.prototypes + c * width, half.entries.row(c),
                  width);
  }
}

template <class Derived, class L, class X, class S, class Update, class T,
          template <class...> class Vector>
void update_bank(host_policy<Derived> const& base, vector_view<L const> labels,
                 matrix_view<X const> teacher_batch, matrix_view<S const> student_batch,
                 Update update, std::int64_t step, bank_half<T, Vector>& teacher_half,
                 bank_half<T, Vector>& student_half) {
  auto const& policy = static_cast<Derived const&>(base);
  index_t const classes = teacher_half.classes;
  expect_ids("feature_bank::update", "labels", labels, classes);
  scratch<index_t, Derived> const begins(policy, classes + 1);
  scratch<index_t, Derived> const members(policy, labels.extent(0));
  group_by_label(labels, classes, begins.data(), members.data());
  index_t const* const begin_data = begins.data();
  index_t const* const member_data = members.data();
  auto const renew_half = [&](auto const& half) {
    for_each_index(policy, half.entries.extent(1) == 0 ? 0 : classes, [=](index_t c) {
      renew(update, half, c,
            class_members{member_data + begin_data[c], begin_data[c + 1] - begin_data[c]}, step);
    });
  };
  renew_half(rows_of(teacher_half, teacher_batch));
  renew_half(rows_of(student_half, student_batch));
}

}  // namespace detail
COUPLEFACE_NAMESPACE_END
